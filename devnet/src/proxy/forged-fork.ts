import { type Hex, keccak256, stringToHex } from "viem";

import { type HeaderJson, headerHash } from "./header-json.ts";

const MAX_FORGED_BLOCKS = 100_000;

/** A false history: the genuine one up to a height, from there one with other receipts and honest links. */
export type ForgedFork = {
  /** The block of this history that takes the place of a genuine one. */
  readonly replace: (genuine: HeaderJson) => Promise<HeaderJson>;
  /** Height of a block of this history by its hash, or null when the hash is not of its making. */
  readonly heightOf: (hash: string) => number | null;
};

/** `genuineAt` gives the genuine header at a height; `fromBlock` is the first false height. */
export const makeForgedFork = (
  genuineAt: (height: number) => Promise<HeaderJson>,
  fromBlock: number,
  seed: string,
): ForgedFork => {
  const hashes = new Map<number, Promise<Hex>>();
  const heights = new Map<string, number>();

  const forge = async (genuine: HeaderJson): Promise<HeaderJson> => {
    const height = Number(genuine.number);
    const forged: HeaderJson = {
      ...genuine,
      receiptsRoot: keccak256(stringToHex(`${seed}/${height}`)),
      ...(height > fromBlock ? { parentHash: await hashAt(height - 1) } : {}),
    };
    return { ...forged, hash: headerHash(forged) };
  };

  const hashAt = async (height: number): Promise<Hex> => {
    const known = hashes.get(height);
    if (known !== undefined) return known;
    if (hashes.size >= MAX_FORGED_BLOCKS) throw new Error("the false history is too long");
    const made = genuineAt(height).then(async (genuine) => {
      const { hash } = await forge(genuine);
      heights.set(hash, height);
      return hash;
    });
    hashes.set(height, made);
    made.catch(() => hashes.delete(height));
    return made;
  };

  // Bottom up, so that a long false history does not nest as deep as it is long.
  const prepare = async (height: number): Promise<void> => {
    let low = height;
    while (low > fromBlock && !hashes.has(low - 1)) low -= 1;
    for (; low <= height; low += 1) await hashAt(low);
  };

  return {
    replace: async (genuine) => {
      const height = Number(genuine.number);
      if (height < fromBlock) return genuine;
      await prepare(height);
      return forge(genuine);
    },
    heightOf: (hash) => heights.get(hash) ?? null,
  };
};
