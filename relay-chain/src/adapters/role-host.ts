import { type Crypto, makeCrypto } from "@crossguardian/crypto";
import { type DomainPowers } from "@crossguardian/frontend";
import { type Clock, CodedError, type Log, type Random } from "@crossguardian/kernel";

const EXIT_BROKEN_DISK = 74;

/** What every role of the relay node runs with. */
export type RoleHost = {
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  readonly rootKey: Uint8Array;
  readonly dataPath: string;
  /** The log can not be written: the process must end. */
  readonly failed: (error: unknown) => void;
};

/** The host of a role out of its domain's powers. @throws relaychain.config.malformed without key or volume */
export const roleHostOf = async (powers: DomainPowers): Promise<RoleHost> => {
  const { rootKey, dataPath, clock, log, random } = powers;
  if (rootKey === null || dataPath === null) throw new CodedError("relaychain.config.malformed", { what: "key or volume" });
  const failed = (error: unknown): void => {
    powers.exit(EXIT_BROKEN_DISK, error instanceof Error ? `${error.name}: ${error.message}` : "unknown error");
  };
  return { crypto: await makeCrypto(), clock, log, random, rootKey, dataPath, failed };
};
