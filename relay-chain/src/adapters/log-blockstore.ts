import { type Blockstore, type InputPair, type Pair } from "interface-blockstore";
import { CID } from "multiformats/cid";
import { CID_BYTES } from "@crossguardian/wire";
import { type BodyStore, MAX_STORED_BODY_BYTES } from "../blocks/body-store.ts";

type Bytes = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** js-stores' error for a key that is not there, by name. */
class NotFoundError extends Error {
  override readonly name = "NotFoundError";
}

const collect = async (value: Bytes): Promise<Uint8Array> => {
  if (value instanceof Uint8Array) return value;
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of value) {
    length += part.length;
    if (length > MAX_STORED_BODY_BYTES) throw new RangeError("block is longer than the store takes");
    parts.push(part);
  }
  return Buffer.concat(parts);
};

/**
 * Helia's blockstore over a {@link BodyStore}: append-only segments, an index in memory, tombstones. CIDv1 raw
 * sha2-256 only. A put resolves when it is on the disk.
 */
export class LogBlockstore implements Blockstore {
  readonly #bodies: BodyStore;

  constructor(bodies: BodyStore) {
    this.#bodies = bodies;
  }

  has(cid: CID): boolean {
    return cid.bytes.length === CID_BYTES && this.#bodies.has(cid.bytes);
  }

  async put(cid: CID, value: Bytes): Promise<CID> {
    this.#bodies.put(cid.bytes, await collect(value));
    await this.#bodies.flush();
    return cid;
  }

  async *putMany(source: Iterable<InputPair> | AsyncIterable<InputPair>): AsyncGenerator<CID> {
    for await (const { cid, bytes } of source) {
      this.#bodies.put(cid.bytes, await collect(bytes));
      yield cid;
    }
    await this.#bodies.flush();
  }

  async *get(cid: CID): AsyncGenerator<Uint8Array> {
    const body = cid.bytes.length === CID_BYTES ? await this.#bodies.get(cid.bytes) : null;
    if (body === null) throw new NotFoundError("block is not here");
    yield body;
  }

  async *getMany(source: Iterable<CID> | AsyncIterable<CID>): AsyncGenerator<Pair> {
    for await (const cid of source) yield { cid, bytes: this.get(cid) };
  }

  delete(cid: CID): void {
    if (cid.bytes.length === CID_BYTES) this.#bodies.remove(cid.bytes);
  }

  async *deleteMany(source: Iterable<CID> | AsyncIterable<CID>): AsyncGenerator<CID> {
    for await (const cid of source) {
      this.delete(cid);
      yield cid;
    }
  }

  async *getAll(): AsyncGenerator<Pair> {
    for (const bytes of this.#bodies.cids()) {
      const cid = CID.decode(bytes);
      yield { cid, bytes: this.get(cid) };
    }
  }
}
