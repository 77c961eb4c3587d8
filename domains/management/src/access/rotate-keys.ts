import { type Clock, CodedError, type Random, ROOT_KEY_BYTES, ROTATED_KINDS, toHex } from "@crossguardian/kernel";
import { type ToLauncher } from "../house.ts";
import { nameFacts, type Watched } from "../watched.ts";
import { type OrderDesk } from "./order-desk.ts";

/** Longest wait for the launcher to have written a key, in ms. */
export const KEYED_DEADLINE_MS = 5_000;

/** What the rotation of keys works with. */
export type RotationParts = {
  readonly clock: Pick<Clock, "after">;
  readonly random: Random;
  readonly all: ReadonlyMap<string, Watched>;
  readonly tellLauncher: (line: ToLauncher) => void;
};

/** Takes the launcher's words about written keys. */
export type KeyRotation = { readonly onKeyed: (name: string, keyEpoch: bigint | null) => void };

/**
 * Serves `rotateKey`: management makes the root key of a domain's next epoch and hands it to the launcher, which writes it into the
 * slot. Management can write a key so and has no way to read one (paper constraint 4c).
 */
export const serveRotation = (desk: Pick<OrderDesk, "serve">, { clock, random, all, tellLauncher }: RotationParts): KeyRotation => {
  const waiting = new Map<string, (keyEpoch: bigint | null) => void>();

  desk.serve("rotateKey", async ({ resource }) => {
    const watched = all.get(resource);
    if (watched?.epoch == null) throw new CodedError(watched === undefined ? "management.domain.unknown" : "management.domain.absent", { name: resource });
    if (!ROTATED_KINDS.includes(watched.domain.kind)) throw new CodedError("management.key.kind", { name: resource, kind: watched.domain.kind });
    if (waiting.has(resource)) throw new CodedError("management.key.late", { name: resource });
    const key = random.bytes(ROOT_KEY_BYTES);
    const keyEpoch = await new Promise<bigint | null>((resolve) => {
      const cancel = clock.after(KEYED_DEADLINE_MS, () => settle(null));
      const settle = (epoch: bigint | null): void => {
        cancel();
        waiting.delete(resource);
        resolve(epoch);
      };
      waiting.set(resource, settle);
      tellLauncher({ type: "key", ...nameFacts(watched), key: toHex(key) });
      key.fill(0);
    });
    if (keyEpoch === null) throw new CodedError("management.key.late", { name: resource });
    return { domain: resource, keyEpoch };
  });
  return { onKeyed: (name, keyEpoch) => waiting.get(name)?.(keyEpoch) };
};
