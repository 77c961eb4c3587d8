import { type DomainEntry } from "@crossguardian/launch";
import { type Codec, encodeMessage } from "@crossguardian/wire";

/** A domain of a house before it has a port, an encoded configuration and limits. */
export type Draft = Omit<DomainEntry, "port" | "config" | "limits" | "network" | "volume" | "keySlot" | "chain" | "role" | "standbyOf"> &
  Partial<Pick<DomainEntry, "network" | "volume" | "keySlot" | "chain" | "role" | "standbyOf">> & {
    readonly config: Uint8Array;
    readonly memoryBytes?: number;
  };

/** Bytes of a MiB. */
export const MIB = 1024 * 1024;

/** A configuration as its domain gets it. */
export const encode = <T>(codec: Codec<T>, value: T): Uint8Array => encodeMessage(codec, value);
