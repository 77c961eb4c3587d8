import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { CHAIN_KIND } from "@crossguardian/kernel";
import { encodeMessage } from "@crossguardian/wire";
import fc from "fast-check";
import { encodeLedgerHeader, ledgerBlockHash, ledgerEvent, type LedgerEvent, ledgerEventsTree, ledgerEvidence, verifyBlockEvents } from "../src/index.ts";

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());
const powers = { keccak256: sha256, sha256, openCertificate: () => null };
const terms = { kind: CHAIN_KIND.ledger, depth: 1, terms: new Uint8Array(0) };
const word = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

const receipt = (index: bigint): LedgerEvent => ({
  type: 2, emitter: word(1), fromKey: word(2), toKey: word(3), index, requestHash: word(4), bodyHash: word(0), timeoutMs: 0n, priority: 0,
  isPrivate: false, func: "", args: [], status: 3, result: Uint8Array.of(7),
});

const block = (count: number) => {
  const events = Array.from({ length: count }, (_, at) => encodeMessage(ledgerEvent, receipt(BigInt(at + 1))));
  const tree = ledgerEventsTree(sha256, events);
  const header = encodeLedgerHeader({ height: 5n, parentHash: word(9), timestampS: 100n, eventsRoot: tree.root });
  const evidenceOf = (positions: readonly number[], change: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes): Uint8Array =>
    encodeMessage(ledgerEvidence, { header, events: positions.map((at) => ({ position: BigInt(at), event: change(events[at]!.slice()), siblings: tree.siblings(at) })) });
  return { header, evidenceOf };
};

test("every event of a ledger's block is proven by its way to the root, under the header's hash", () => {
  for (const count of [1, 2, 3, 7, 8]) {
    const { header, evidenceOf } = block(count);
    const positions = Array.from({ length: count }, (_, at) => at);
    const proven = verifyBlockEvents(powers, terms, { height: 5n, evidence: evidenceOf(positions), places: positions.map((tx) => ({ tx, log: 0 })) });
    assert.ok(proven.ok);
    assert.deepEqual(proven.value.blockHash, ledgerBlockHash(sha256, header));
    assert.deepEqual(proven.value.emissions.map(({ event }) => event.ok && event.value.index), positions.map((at) => BigInt(at + 1)));
  }
});

test("a changed event, another position, a place without an event and another height are refused", () => {
  const { evidenceOf } = block(4);
  const refusedWith = (evidence: Uint8Array, tx: number, height = 5n): string => {
    const proven = verifyBlockEvents(powers, terms, { height, evidence, places: [{ tx, log: 0 }] });
    return proven.ok ? "" : proven.failure.code;
  };
  assert.equal(refusedWith(evidenceOf([1], (bytes) => bytes.fill(0xee, 40, 41)), 1), "proof.tree.root");
  const moved = evidenceOf([1]).slice();
  moved[4 + 88 + 4 + 7] = 2;
  assert.equal(refusedWith(moved, 2), "proof.tree.root");
  assert.equal(refusedWith(evidenceOf([1]), 3), "proof.log.absent");
  assert.equal(refusedWith(evidenceOf([1]), 1, 6n), "proof.header.height");
  const unknown = verifyBlockEvents(powers, { ...terms, kind: 99 }, { height: 5n, evidence: evidenceOf([1]), places: [] });
  assert.ok(!unknown.ok && unknown.failure.code === "proof.kind.unknown");
});

test("no bytes cause anything but a coded refusal", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (evidence) => {
      const proven = verifyBlockEvents(powers, terms, { height: 5n, evidence, places: [{ tx: 0, log: 0 }] });
      assert.ok(proven.ok || proven.failure.code.startsWith("proof."));
    }),
  );
});
