import { type Clock, equalBytes, failure, ok, refuse, type Result, toHex } from "@crossguardian/kernel";
import { type Crypto } from "@crossguardian/crypto";
import { type Hashes } from "@crossguardian/protocol";
import { decodeMessage, type Decoded, privateCall } from "@crossguardian/wire";

/** Private bodies that may wait for their request. */
export const MAX_PRIVATE_BODIES = 4096;
/** All waiting private bodies together, in bytes. */
export const MAX_PRIVATE_BYTES = 32 * 1024 * 1024;
/** A body whose request never came is forgotten after this time, in ms. */
export const PRIVATE_BODY_KEPT_MS = 24 * 60 * 60 * 1000;

/** Plaintext of a private body. */
export type PrivateCall = Decoded<typeof privateCall>;

/** Private bodies of requests to come (protocol, "requestPrivate"), by body hash. */
export type PrivateBodies = {
  /** Opens, checks and keeps. Errors: interaction.private.sealed, .mismatch, .full. */
  readonly take: (bodyHash: Uint8Array, untrustedSealed: Uint8Array) => Result<PrivateCall>;
  readonly find: (bodyHash: Uint8Array) => PrivateCall | null;
  /** True when it was there. */
  readonly drop: (bodyHash: Uint8Array) => boolean;
  /** Hashes of bodies that waited too long. */
  readonly expired: () => readonly Uint8Array[];
  readonly count: () => number;
};

type Kept = { readonly bodyHash: Uint8Array; readonly call: PrivateCall; readonly size: number; readonly sinceMs: number };

/** Makes an empty store. */
export const makePrivateBodies = (
  powers: { readonly crypto: Pick<Crypto, "openSealed">; readonly hashes: Hashes; readonly clock: Pick<Clock, "monotonicMs"> },
  boxPrivateKey: Uint8Array,
): PrivateBodies => {
  const kept = new Map<string, Kept>();
  let size = 0;

  const open = (untrustedSealed: Uint8Array): PrivateCall | null => {
    const plaintext = powers.crypto.openSealed(boxPrivateKey, untrustedSealed);
    const call = plaintext === null ? null : decodeMessage(privateCall, plaintext);
    return call?.ok === true ? call.value : null;
  };

  return {
    take: (bodyHash, untrustedSealed) => {
      const key = toHex(bodyHash);
      const known = kept.get(key);
      if (known !== undefined) return ok(known.call);
      const call = open(untrustedSealed);
      if (call === null) return refuse(failure("interaction.private.sealed"));
      if (!equalBytes(powers.hashes.bodyHash(call), bodyHash)) return refuse(failure("interaction.private.mismatch"));
      if (kept.size >= MAX_PRIVATE_BODIES || size + untrustedSealed.length > MAX_PRIVATE_BYTES) {
        return refuse(failure("interaction.private.full", { bodies: kept.size, bytes: size }));
      }
      kept.set(key, { bodyHash: bodyHash.slice(), call, size: untrustedSealed.length, sinceMs: powers.clock.monotonicMs() });
      size += untrustedSealed.length;
      return ok(call);
    },
    find: (bodyHash) => kept.get(toHex(bodyHash))?.call ?? null,
    drop: (bodyHash) => {
      const key = toHex(bodyHash);
      size -= kept.get(key)?.size ?? 0;
      return kept.delete(key);
    },
    expired: () => {
      const before = powers.clock.monotonicMs() - PRIVATE_BODY_KEPT_MS;
      return [...kept.values()].filter((each) => each.sinceMs < before).map((each) => each.bodyHash);
    },
    count: () => kept.size,
  };
};
