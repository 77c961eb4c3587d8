import { CodedError } from "@crossguardian/kernel";

/** Which domains are admitted, and the wait for all of them. */
export type Admissions = {
  /** Resolves once every domain was admitted at the same time; rejects when one is refused before that. */
  readonly all: Promise<void>;
  readonly admit: (name: string) => void;
  readonly refuse: (name: string, why: string) => void;
  /** The instance ended. */
  readonly forget: (name: string) => void;
  readonly fail: (error: CodedError) => void;
  readonly isAdmitted: (name: string) => boolean;
  readonly absent: () => readonly string[];
};

/** Waits for the admission of `names`. */
export const makeAdmissions = (names: readonly string[]): Admissions => {
  const admitted = new Set<string>();
  const { promise: all, resolve, reject } = Promise.withResolvers<void>();
  // Whoever starts the house awaits it; a failure before that is no unhandled one.
  all.catch(() => undefined);
  if (names.length === 0) resolve();
  return {
    all,
    admit: (name) => {
      admitted.add(name);
      if (names.every((each) => admitted.has(each))) resolve();
    },
    refuse: (name, why) => {
      admitted.delete(name);
      reject(new CodedError("launch.domain.refused", { name, why }));
    },
    forget: (name) => {
      admitted.delete(name);
    },
    fail: reject,
    isAdmitted: (name) => admitted.has(name),
    absent: () => names.filter((each) => !admitted.has(each)),
  };
};
