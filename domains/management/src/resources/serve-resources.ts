import { type Clock, CodedError, type Failure } from "@crossguardian/kernel";
import { type Allocation, type ToLauncher } from "../house.ts";
import { nameFacts, type Watched } from "../watched.ts";
import { type OrderCall, type OrderDesk } from "../access/order-desk.ts";
import { decodeChange } from "./decode-change.ts";

/** Longest wait for the launcher to have done what was ordered, in ms. */
export const ALLOCATED_DEADLINE_MS = 5_000;

/** What the orders about resources work with. */
export type ResourceParts = {
  readonly clock: Pick<Clock, "after">;
  readonly all: ReadonlyMap<string, Watched>;
  readonly tellLauncher: (line: ToLauncher) => void;
};

/** Takes the launcher's words. */
export type ResourceDesk = {
  readonly onAllocated: (name: string, allocation: Allocation | null, failure: Failure | null) => void;
  readonly onWhitelisted: (isOn: boolean) => void;
};

const HOUSE = "";

/**
 * Serves `setResources`, whose argument is a change of an allocation as JSON, `importDomain` with the same, `exportDomain`, and `setWhitelist`, whose argument is `on` or `off`. The launcher checks, applies
 * and keeps them: management can write nothing of the machine (ADR 19).
 */
export const serveResources = (desk: Pick<OrderDesk, "serve">, { clock, all, tellLauncher }: ResourceParts): ResourceDesk => {
  const waiting = new Map<string, (outcome: unknown) => void>();

  const askLauncher = async (key: string, line: ToLauncher): Promise<unknown> => {
    if (waiting.has(key)) throw new CodedError("management.resources.late", { name: key });
    const outcome = await new Promise<unknown>((resolve) => {
      const cancel = clock.after(ALLOCATED_DEADLINE_MS, () => settle(new CodedError("management.resources.late", { name: key })));
      const settle = (answer: unknown): void => {
        cancel();
        waiting.delete(key);
        resolve(answer);
      };
      waiting.set(key, settle);
      tellLauncher(line);
    });
    if (outcome instanceof CodedError) throw outcome;
    return outcome;
  };

  const watchedOf = (name: string): Watched => {
    const watched = all.get(name);
    if (watched === undefined) throw new CodedError("management.domain.unknown", { name });
    return watched;
  };
  const setResources = async ({ resource, argument }: Pick<OrderCall, "resource" | "argument">): Promise<object> => {
    const watched = watchedOf(resource);
    if (watched.epoch === null) throw new CodedError("management.domain.absent", { name: resource });
    const change = decodeChange(argument);
    if (change === null) throw new CodedError("management.resources.malformed", { name: resource });
    const allocation = await askLauncher(resource, { type: "allocate", ...nameFacts(watched), change, lends: false });
    return { domain: resource, allocation };
  };
  desk.serve("setResources", setResources);
  // A domain that moves to another machine takes its allocation with it; image, configuration and policy are compared there (cli/src/move).
  desk.serve("exportDomain", async ({ resource }) => ({ domain: resource, allocation: watchedOf(resource).allocation }));
  desk.serve("importDomain", setResources);
  desk.serve("setWhitelist", async ({ argument }) => {
    if (argument !== "on" && argument !== "off") throw new CodedError("management.resources.malformed", { name: "whitelist" });
    return { whitelist: await askLauncher(HOUSE, { type: "whitelist", on: argument === "on" }) };
  });
  return {
    onAllocated: (name, allocation, failure) => waiting.get(name)?.(failure === null ? allocation : new CodedError(failure.code, failure.facts)),
    onWhitelisted: (isOn) => waiting.get(HOUSE)?.(isOn ? "on" : "off"),
  };
};
