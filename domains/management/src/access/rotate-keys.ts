import { type Clock, CodedError, type Random, ROOT_KEY_BYTES, ROTATED_KINDS, toHex } from "@crossguardian/kernel";
import { type ToLauncher } from "../house.ts";
import { type Watched } from "../watched.ts";
import { type OrderDesk } from "./order-desk.ts";
import { type OwnKey } from "./own-key.ts";

/** Longest wait for the launcher to have written a key, in ms. */
export const KEYED_DEADLINE_MS = 5_000;
/** Time in which the answer to the order leaves before management ends to start with its new key, in ms. */
export const OWN_RESTART_MS = 1_000;

/** What the rotation of keys works with. */
export type RotationParts = {
  readonly clock: Pick<Clock, "after">;
  readonly random: Random;
  readonly all: ReadonlyMap<string, Watched>;
  readonly tellLauncher: (line: ToLauncher) => void;
  /** Management itself, when its own key can be rotated. */
  readonly own: OwnKey | null;
};

/** Takes the launcher's words about written keys. */
export type KeyRotation = { readonly onKeyed: (name: string, keyEpoch: bigint | null) => void };

/**
 * Serves `rotateKey`: management makes the root key of a domain's next epoch and hands it to the launcher, which writes it into the
 * slot. Management can write a key so and has no way to read one (paper constraint 4c). Its own signs the audit log: the log names the next
 * key and is signed by both until management has ended, which it does by itself, to start with the new one.
 */
export const serveRotation = (desk: Pick<OrderDesk, "serve">, { clock, random, all, tellLauncher, own }: RotationParts): KeyRotation => {
  const waiting = new Map<string, (keyEpoch: bigint | null) => void>();
  const rotating = new Set<string>();

  const partsOf = (name: string): OwnKey => {
    if (own?.name === name) return own;
    const watched = all.get(name);
    if (watched?.epoch == null) throw new CodedError(watched === undefined ? "management.domain.unknown" : "management.domain.absent", { name });
    if (!ROTATED_KINDS.includes(watched.domain.kind)) throw new CodedError("management.key.kind", { name, kind: watched.domain.kind });
    return { name, epoch: watched.epoch, prepare: async () => undefined };
  };
  const hand = async ({ name, epoch }: OwnKey, key: Uint8Array): Promise<bigint | null> =>
    new Promise((resolve) => {
      const cancel = clock.after(KEYED_DEADLINE_MS, () => settle(null));
      const settle = (keyEpoch: bigint | null): void => {
        cancel();
        waiting.delete(name);
        resolve(keyEpoch);
      };
      waiting.set(name, settle);
      tellLauncher({ type: "key", name, epoch: epoch.toString(), key: toHex(key) });
    });

  desk.serve("rotateKey", async ({ resource, operator, reason }) => {
    const rotated = partsOf(resource);
    if (rotating.has(resource)) throw new CodedError("management.key.late", { name: resource });
    rotating.add(resource);
    const key = random.bytes(ROOT_KEY_BYTES);
    let keyEpoch: bigint | null;
    try {
      await rotated.prepare(key);
      keyEpoch = await hand(rotated, key);
    } finally {
      rotating.delete(resource);
      key.fill(0);
    }
    if (keyEpoch === null) throw new CodedError("management.key.late", { name: resource });
    if (rotated === own) clock.after(OWN_RESTART_MS, () => tellLauncher({ type: "renew", name: own.name, epoch: own.epoch.toString(), why: `${operator}: ${reason}` }));
    return { domain: resource, keyEpoch };
  });
  return { onKeyed: (name, keyEpoch) => waiting.get(name)?.(keyEpoch) };
};
