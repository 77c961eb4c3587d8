import { type Pool, type PoolSettings } from "@crossguardian/utxo";
import { type Message } from "@crossguardian/wire";

const bitmapOf = (base: bigint, count: number, has: (index: bigint) => boolean): Uint8Array => {
  const bitmap = new Uint8Array(Math.ceil(count / 8));
  for (let at = 0; at < count; at += 1) if (has(base + BigInt(at))) bitmap[at >> 3] = (bitmap[at >> 3] ?? 0) | (1 << (at & 7));
  return bitmap;
};

/** Which indexes of the pairs are decided in the pool; a pair that is not the pool's is left out. */
export const answerQuery = (pool: Pool, settings: PoolSettings, { chain, id, pairs }: Message<"query">): Message<"decided"> => ({
  chain,
  id,
  pairs: pairs.flatMap(({ from, to, side, base, count }) => {
    const isSource = side === 1;
    const peer = settings.peers.findIndex(({ service }) => service === (isSource ? to : from));
    if (peer < 0 || (isSource ? from : to) !== settings.service) return [];
    const { out, settled, decided } = pool.pair(peer);
    const done = isSource ? settled : decided;
    let last = isSource ? out : 0n;
    while (!isSource && decided.has(last + 1n)) last += 1n;
    return [{ from, to, side, base, last, bitmap: bitmapOf(base, count, (index) => done.has(index)) }];
  }),
});
