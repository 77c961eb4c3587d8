import { readFileSync } from "node:fs";
import { CodedError, decodeKeySlot, type RootKey } from "@crossguardian/kernel";

/** What the launcher tells a domain beside its channel; never a secret but by the path of the key slot. */
export type Environment = {
  readonly name: string;
  readonly rootKey: RootKey | null;
  readonly dataPath: string | null;
  /** Instance epoch of this start, or null when the launcher states none. */
  readonly epoch: bigint | null;
  /** Descriptor of the channel, or null when it is the usual one. */
  readonly channelFd: number | null;
};

const readKey = (path: string): RootKey => {
  try {
    return decodeKeySlot(new Uint8Array(readFileSync(path)));
  } catch (error) {
    throw new CodedError("frontend.key.unreadable", { path }, { cause: error });
  }
};

/** Reads CG_NAME, CG_KEY, CG_DATA, CG_EPOCH and CG_CHANNEL. @throws frontend.name.missing, frontend.key.unreadable */
export const readEnvironment = (env: Readonly<Record<string, string | undefined>>): Environment => {
  const name = env["CG_NAME"] ?? "";
  if (name === "") throw new CodedError("frontend.name.missing");
  const epoch = env["CG_EPOCH"] ?? "";
  return {
    name,
    rootKey: env["CG_KEY"] ? readKey(env["CG_KEY"]) : null,
    dataPath: env["CG_DATA"] || null,
    channelFd: /^\d{1,3}$/u.test(env["CG_CHANNEL"] ?? "") ? Number(env["CG_CHANNEL"]) : null,
    epoch: /^\d{1,19}$/u.test(epoch) ? BigInt(epoch) : null,
  };
};
