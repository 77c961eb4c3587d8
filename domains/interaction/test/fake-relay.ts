import { compareBytes, concatBytes, toHex } from "@crossguardian/kernel";
import { type Crypto } from "@crossguardian/crypto";
import { claimedFacts, type Hashes, makeEntriesTree, makeLedger, openIbtp, type Registry } from "@crossguardian/protocol";
import { batchContent, cidOf, decodeMessage, ENTRY_KIND, type EntryFacts, type Message, type RelayHeader, wrapBxh } from "@crossguardian/wire";
import { leafOf } from "../src/convert.ts";
import { targetChainOf } from "../src/receive-block.ts";

type Block = Message<"block">;
const NONE = new Uint8Array(0);

/** Relay domain, orderer and validators in one: honest, except where a test makes it lie. */
export class FakeRelay {
  readonly blocks: Block[] = [];
  readonly ledger = makeLedger();
  readonly published: Message<"publish">[] = [];
  /** Bodies that are withheld. */
  readonly withheld = new Set<string>();
  isDown = false;
  #entries: { facts: EntryFacts; body: Uint8Array; timeoutMs: bigint }[] = [];
  readonly #crypto: Crypto;
  readonly #hashes: Hashes;
  readonly #registry: () => Registry;
  readonly #nowMs: () => number;
  readonly keys: readonly Uint8Array[];

  constructor(crypto: Crypto, hashes: Hashes, registry: () => Registry, keys: readonly Uint8Array[], nowMs: () => number) {
    this.#crypto = crypto;
    this.#hashes = hashes;
    this.#registry = registry;
    this.#nowMs = nowMs;
    this.keys = [...keys].sort((left, right) => compareBytes(crypto.secp256k1.address(left), crypto.secp256k1.address(right)));
  }

  publish(message: Message<"publish">): Message<"publishAck"> {
    this.published.push(message);
    const content = decodeMessage(batchContent, message.content);
    if (!content.ok) throw new Error(content.failure.code);
    const gateway = this.#registry().gateways.get(content.value.gateway)!;
    const signer = this.#crypto.secp256k1.recoverAddress(this.#crypto.keccak256(message.content), message.signature.subarray(0, 64), message.signature[64]! - 27);
    if (signer === null || toHex(signer) !== toHex(gateway.address)) throw new Error("gateway signature");
    const refused: { entry: number; code: string }[] = [];
    content.value.entries.forEach((each, entry) => {
      const ibtp = openIbtp(each.ibtp);
      if (!ibtp.ok) throw new Error(ibtp.failure.code);
      const facts = claimedFacts(ibtp.value);
      const body = wrapBxh(each.ibtp, { from: gateway.address });
      if (!facts.ok || !body.ok) throw new Error("facts");
      const waiting = this.#entries.some((other) => other.facts.kind === facts.value.kind && other.facts.from === facts.value.from && other.facts.to === facts.value.to && other.facts.index === facts.value.index);
      const verdict = this.ledger.judge(facts.value);
      if (!verdict.ok) refused.push({ entry, code: verdict.failure.code });
      else if (verdict.value === "take" && !waiting) this.#entries.push({ facts: facts.value, body: body.value.slice(), timeoutMs: ibtp.value.extra.timeoutMs });
    });
    return { batchId: content.value.batchId, refused };
  }

  /** Cuts a block of what waits and of CANCELs that are due. */
  cut(): void {
    const tickMs = BigInt(Math.trunc(this.#nowMs()));
    const taken = this.#entries;
    this.#entries = [];
    const cancels = this.ledger.overdue(tickMs, 1000).map(({ from, to, index, requestHash }): EntryFacts => ({
      kind: ENTRY_KIND.cancel, from, to, index, requestHash, status: 2, resultHash: new Uint8Array(32),
    }));
    const cancelled = new Set(cancels.map((each) => `${each.from}-${each.to}-${each.index}`));
    const rest = taken.filter(({ facts }) => !cancelled.has(`${facts.from}-${facts.to}-${facts.index}`));
    this.#entries = taken.filter((each) => !rest.includes(each));
    if (rest.length + cancels.length === 0) return;
    const entries = [
      ...rest.map(({ facts, body, timeoutMs }) => ({ facts, body, deadlineMs: facts.kind === ENTRY_KIND.request ? tickMs + timeoutMs : 0n })),
      ...cancels.map((facts) => ({ facts, body: NONE, deadlineMs: 0n })),
    ];
    for (const { facts, deadlineMs } of entries) this.ledger.apply(facts, deadlineMs);
    this.blocks.push(this.seal(entries, tickMs));
  }

  seal(entries: readonly { facts: EntryFacts; body: Uint8Array; deadlineMs: bigint }[], tickMs: bigint, keys: readonly Uint8Array[] = this.keys.slice(0, 3), height = BigInt(this.blocks.length + 1)): Block {
    const registry = this.#registry();
    const leaves = entries.map(({ facts }) => leafOf(this.#hashes, registry, facts));
    const previous = this.blocks.at(-1)?.attestation.header;
    const header: RelayHeader = {
      epoch: registry.validators.epoch,
      height,
      prevHash: previous === undefined ? registry.relayGenesis : this.#hashes.blockDigest(registry.relayGenesis, previous),
      tickMs,
      entriesRoot: makeEntriesTree(this.#hashes, leaves).root,
    };
    const digest = this.#hashes.blockDigest(registry.relayGenesis, header);
    const signatures = keys.map((key) => {
      const { signature, recovery } = this.#crypto.secp256k1.sign(digest, key);
      return concatBytes([signature, Uint8Array.of(27 + recovery)]);
    });
    return {
      attestation: { header, signatures },
      leaves,
      entries: entries.map(({ facts, body, deadlineMs }, position) => ({ position, facts, deadlineMs, cid: body.length > 0 ? cidOf(this.#crypto.sha256, body) : NONE, body })),
    };
  }

  /** The block at a height as a gateway gets it. */
  view(height: bigint, gateway: string): Block | null {
    const block = this.blocks[Number(height) - 1];
    if (block === undefined) return null;
    const registry = this.#registry();
    const entries = block.entries
      .filter(({ facts }) => registry.gatewayOfChain.get(targetChainOf(facts)) === gateway)
      .map((each) => (this.withheld.has(toHex(each.cid)) ? { ...each, body: NONE } : each));
    return { ...block, entries };
  }
}
