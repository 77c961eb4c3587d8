import { concatBytes, toHex } from "@crossguardian/kernel";
import { encodeRlp, GATEWAY_TOPICS, rlpInteger } from "@crossguardian/proof";
import { type Hashes, type Target, type WitnessedHeader, wordOf, wordOfBytes } from "@crossguardian/protocol";
import { encodeMessage, evmEvidence, type Message } from "@crossguardian/wire";
import { encodeAbiParameters, parseAbiParameters, type Hex } from "viem";

type Log = { readonly address: Uint8Array; readonly topics: readonly Uint8Array[]; readonly data: Uint8Array };
export type FakeBlock = WitnessedHeader & {
  readonly evidence: Uint8Array;
  readonly places: readonly { tx: number; log: number }[];
};

const hex = (bytes: Uint8Array): Hex => `0x${toHex(bytes)}`;
const bytesOf = (value: Hex): Uint8Array => Uint8Array.from(Buffer.from(value.slice(2), "hex"));

/** Header and evidence of a block whose only receipt holds these logs. */
export const buildBlock = (hashes: Hashes, height: bigint, parentHash: Uint8Array, timestampS: bigint, logs: readonly Log[]): FakeBlock => {
  const receipt = encodeRlp([
    Uint8Array.of(1), rlpInteger(21000), new Uint8Array(256),
    logs.map(({ address, topics, data }) => [address, [...topics], data]),
  ]);
  const leaf = encodeRlp([Uint8Array.of(0x20, 0x80), receipt]);
  const zero32 = new Uint8Array(32);
  const header = encodeRlp([
    parentHash, zero32, new Uint8Array(20), zero32, zero32, hashes.keccak256(leaf), new Uint8Array(256),
    rlpInteger(0), rlpInteger(height), rlpInteger(30_000_000), rlpInteger(21_000), rlpInteger(timestampS), new Uint8Array(0), zero32, new Uint8Array(8),
  ]);
  const evidence = encodeMessage(evmEvidence, { header, nodes: [leaf] });
  return { height, hash: hashes.keccak256(header), parentHash, evidence, places: logs.map((_, log) => ({ tx: 0, log })) };
};

type Decision = { readonly status: number; readonly result: Uint8Array; readonly requestHash: Uint8Array };

/** A chain with the gateway contract's rules, as far as interaction sees them. */
export class FakeChain {
  readonly name: string;
  readonly contract: Uint8Array;
  readonly target: Target;
  readonly blocks: FakeBlock[] = [];
  readonly commitments = new Map<string, Uint8Array>();
  readonly settled = new Map<string, number>();
  readonly decisions = new Map<string, Decision>();
  readonly executions = new Map<string, number>();
  readonly calls: string[] = [];
  /** Function names whose call reverts. */
  readonly failing = new Set(["fail"]);
  /** Pairs that the contract leaves undecided, as when they are frozen. */
  readonly leftUndecided = new Set<string>();
  /** Mines nothing and takes nothing. */
  isDown = false;
  #pending: Log[] = [];
  #indexes = new Map<string, bigint>();
  readonly #hashes: Hashes;
  readonly #nowMs: () => number;

  constructor(hashes: Hashes, name: string, numericId: bigint, nowMs: () => number) {
    this.#hashes = hashes;
    this.#nowMs = nowMs;
    this.name = name;
    this.contract = new Uint8Array(20).fill(Number(numericId));
    this.target = { chain: wordOf(numericId), contract: wordOfBytes(this.contract) };
    this.mine();
  }

  tip(): bigint {
    return BigInt(this.blocks.length - 1);
  }

  genesisHash(): Uint8Array {
    return this.blocks[0]!.hash;
  }

  mine(): void {
    const logs = this.#pending;
    this.#pending = [];
    const parent = this.blocks.at(-1)?.hash ?? new Uint8Array(32);
    this.blocks.push(buildBlock(this.#hashes, BigInt(this.blocks.length), parent, BigInt(Math.trunc(this.#nowMs() / 1000)), logs));
  }

  hasPending(): boolean {
    return this.#pending.length > 0;
  }

  request(from: string, to: string, call: { func: string; args: readonly Uint8Array[]; salt: Uint8Array | null }, timeoutMs: bigint, again?: bigint): bigint {
    const pair = `${from}-${to}`;
    const index = again ?? (this.#indexes.get(pair) ?? 0n) + 1n;
    this.#indexes.set(pair, index);
    const bodyHash = this.#hashes.bodyHash(call);
    const requestHash = this.#hashes.requestHash({ source: this.target, from, to, index, bodyHash, timeoutMs, priority: 1 });
    this.commitments.set(`${pair}-${index.toString()}`, requestHash);
    const isPrivate = call.salt !== null;
    const data = encodeAbiParameters(
      parseAbiParameters("uint64, bytes32, bytes32, uint64, uint8, bool, string, bytes[]"),
      [index, hex(requestHash), hex(bodyHash), timeoutMs, 1, isPrivate, isPrivate ? "" : call.func, isPrivate ? [] : call.args.map(hex)],
    );
    this.emit(GATEWAY_TOPICS.request, from, to, data);
    return index;
  }

  emit(topic: Uint8Array, from: string, to: string, data: Hex, address = this.contract): void {
    const topics = [topic, this.#hashes.serviceKey(from), this.#hashes.serviceKey(to)];
    this.#pending.push({ address, topics, data: bytesOf(data) });
  }

  /** What the contract does with a submission; throws where the transaction would revert. */
  apply(message: Message<"submit">): void {
    message.entries.forEach((entry, at) => {
      const id = `${entry.from}-${entry.to}-${entry.index.toString()}`;
      if (message.call === 2) this.#settle(entry, id, message.results[at]!);
      else if (!this.decisions.has(id)) {
        if (message.call === 3) this.#decide(entry, id, 5, new Uint8Array(0));
        else if (!this.leftUndecided.has(`${entry.from}-${entry.to}`)) this.#execute(entry, id, message.bodies[at]!);
      }
    });
  }

  isDecided(from: string, to: string, index: bigint, side: 1 | 2): boolean {
    const id = `${from}-${to}-${index.toString()}`;
    return side === 1 ? this.settled.has(id) : this.decisions.has(id);
  }

  #execute(entry: Message<"submit">["entries"][number], id: string, body: Message<"submit">["bodies"][number]): void {
    const bodyHash = this.#hashes.bodyHash({ func: body.func, args: body.args, salt: body.isPrivate ? body.salt : null });
    const { from, to, index } = entry;
    const { timeoutMs, priority } = body;
    const source = { chain: body.srcChain, contract: body.srcContract };
    const requestHash = this.#hashes.requestHash({ source, from, to, index, bodyHash, timeoutMs, priority });
    if (toHex(requestHash) !== toHex(entry.requestHash)) throw new Error("BodyMismatch");
    this.executions.set(id, (this.executions.get(id) ?? 0) + 1);
    this.calls.push(body.func);
    const fails = this.failing.has(body.func);
    this.#decide(entry, id, fails ? 4 : 3, fails ? new Uint8Array(4).fill(9) : concatBytes([...body.args]));
  }

  #decide(entry: Message<"submit">["entries"][number], id: string, status: number, result: Uint8Array): void {
    this.decisions.set(id, { status, result, requestHash: entry.requestHash });
    const data = encodeAbiParameters(parseAbiParameters("uint64, bytes32, uint8, bytes"), [entry.index, hex(entry.requestHash), status, hex(result)]);
    this.emit(GATEWAY_TOPICS.receipt, entry.from, entry.to, data);
  }

  #settle(entry: Message<"submit">["entries"][number], id: string, result: Uint8Array): void {
    if (this.settled.has(id)) return;
    if (toHex(this.#hashes.resultHash(result)) !== toHex(entry.resultHash)) throw new Error("ResultMismatch");
    if (toHex(this.commitments.get(id) ?? new Uint8Array(0)) !== toHex(entry.requestHash)) throw new Error("PairFrozen");
    this.settled.set(id, entry.status);
    const data = encodeAbiParameters(parseAbiParameters("uint64, uint8"), [entry.index, entry.status]);
    this.emit(GATEWAY_TOPICS.settled, entry.from, entry.to, data);
  }
}
