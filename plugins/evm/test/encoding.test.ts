import assert from "node:assert/strict";
import { test } from "node:test";
import { gatewayAbi } from "@crossguardian/contracts-evm";
import { to0x } from "@crossguardian/kernel";
import { makeHashes } from "@crossguardian/protocol";
import { type Message, SUBMIT_CALL } from "@crossguardian/wire";
import { createMPT } from "@ethereumjs/mpt";
import { encodeRlp, makeReceiptProof, rlpInteger } from "@crossguardian/proof";
import fc from "fast-check";
import { encodeFunctionData, parseTransaction, recoverTransactionAddress } from "viem";
import { buildReceiptTrie, signTransaction } from "../src/index.ts";
import { makeGatewayCalls } from "../src/submit/gateway-calls.ts";
import { planTransactions } from "../src/submit/plan-transactions.ts";
import { crypto } from "./test-ports.ts";

const hashes = makeHashes(crypto.keccak256);
const calls = makeGatewayCalls(crypto);
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const services = fc.constantFrom("1:a:vault", "1:b:vault", "1:c:data");

const entry = fc.record({
  ...{ from: services, to: services, index: u64, requestHash: hash, resultHash: hash },
  ...{ status: fc.constantFrom(0, 2, 3), position: fc.nat(4095), siblings: fc.array(hash, { maxLength: 12 }) },
});
const body = fc.record({
  ...{ srcChain: hash, srcContract: hash, timeoutMs: u64, priority: fc.nat(255), isPrivate: fc.boolean(), salt: hash },
  ...{ func: fc.string({ unit: "binary", maxLength: 20 }), args: fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 5 }) },
});
const item = fc.record({ entry, body, result: fc.uint8Array({ maxLength: 100 }) });
const batch = fc.record({
  items: fc.array(item, { minLength: 1, maxLength: 6 }),
  header: fc.record({ epoch: u64, height: u64, prevHash: hash, tickMs: u64, entriesRoot: hash }),
  signatures: fc.array(fc.uint8Array({ minLength: 65, maxLength: 65 }), { maxLength: 5 }),
});

const orderOf = ({ items, header, signatures }: any, call: 1 | 2 | 3): Message<"submit"> => ({
  chain: "b",
  id: 1n,
  call,
  attestation: { header, signatures },
  entries: items.map((each: any) => each.entry),
  bodies: call === SUBMIT_CALL.execute ? items.map((each: any) => each.body) : [],
  results: call === SUBMIT_CALL.settle ? items.map((each: any) => each.result) : [],
});

const viemEntry = (each: any): any => ({
  ...each,
  from: to0x(hashes.serviceKey(each.from)),
  to: to0x(hashes.serviceKey(each.to)),
  requestHash: to0x(each.requestHash),
  resultHash: to0x(each.resultHash),
  siblings: each.siblings.map(to0x),
});
const viemBody = (each: any): any => ({
  ...each,
  ...{ srcChain: to0x(each.srcChain), srcContract: to0x(each.srcContract), salt: to0x(each.salt), args: each.args.map(to0x) },
});

test("calldata is what viem encodes", () => {
  fc.assert(
    fc.property(batch, (each) => {
      const header = {
        ...{ epoch: each.header.epoch, height: each.header.height, tick: each.header.tickMs },
        ...{ prevHash: to0x(each.header.prevHash), entriesRoot: to0x(each.header.entriesRoot) },
      };
      const entries = each.items.map(({ entry: one }) => viemEntry(one));
      const common = [header, each.signatures.map(to0x), entries];
      const expected = {
        execute: [...common, each.items.map(({ body: one }) => viemBody(one))],
        settle: [...common, each.items.map(({ result }) => to0x(result))],
        cancel: common,
      };
      for (const name of ["execute", "settle", "cancel"] as const) {
        const data = calls.submission(orderOf(each, SUBMIT_CALL[name]), 0, each.items.length);
        assert.equal(to0x(data), encodeFunctionData({ abi: gatewayAbi, functionName: name, args: expected[name] as any }));
      }
    }),
  );
});

test("windows and rotations are what viem encodes", () => {
  const pair = [to0x(hashes.serviceKey("1:a:vault")), to0x(hashes.serviceKey("1:b:vault"))] as const;
  assert.equal(
    to0x(calls.window(2, "1:a:vault", "1:b:vault", 7n, 64)),
    encodeFunctionData({ abi: gatewayAbi, functionName: "decidedWindow", args: [...pair, 7n, 64n] }),
  );
  assert.equal(to0x(calls.last(1, "1:a:vault", "1:b:vault")), encodeFunctionData({ abi: gatewayAbi, functionName: "outIndex", args: [...pair] }));
  fc.assert(
    fc.property(batch, fc.array(fc.uint8Array({ minLength: 20, maxLength: 20 }), { maxLength: 5 }), (each, validators) => {
      const order = { ...orderOf(each, 3), call: SUBMIT_CALL.rotate, results: [Uint8Array.from([...validators.flatMap((one) => [...one]), 3])] };
      const header = {
        ...{ epoch: each.header.epoch, height: each.header.height, tick: each.header.tickMs },
        ...{ prevHash: to0x(each.header.prevHash), entriesRoot: to0x(each.header.entriesRoot) },
      };
      const first = each.items[0]!.entry;
      const args = [header, each.signatures.map(to0x), validators.map(to0x), 3, first.position, first.siblings.map(to0x)];
      assert.equal(to0x(calls.submission(order, 0, 1)), encodeFunctionData({ abi: gatewayAbi, functionName: "rotate", args: args as any }));
    }),
  );
});

test("a submission is split by entries, gas and bytes, in order, nothing left out", () => {
  const rules = { maxEntriesPerTransaction: 3, maxGas: 1_000_000n, executeGas: 200_000, settleGas: 100_000, cancelGas: 50_000 };
  fc.assert(
    fc.property(batch, fc.constantFrom(1 as const, 2 as const, 3 as const), (each, call) => {
      const order = orderOf(each, call);
      let next = 0;
      for (const { low, high, gas } of planTransactions(order, rules)) {
        assert.equal(low, next);
        assert.ok(high > low && high - low <= 3 && gas <= rules.maxGas);
        next = high;
      }
      assert.equal(next, order.entries.length);
    }),
  );
});

test("signed transactions are read by viem with our address", async () => {
  const key = new Uint8Array(32).fill(3);
  const address = to0x(crypto.secp256k1.address(key));
  for (let nonce = 0n; nonce < 40n; nonce += 1n) {
    const call = { chainId: 31337n, nonce, to: new Uint8Array(20).fill(1), gas: 99_000n, data: Uint8Array.from([1, 2, Number(nonce)]) };
    const typed = signTransaction(crypto, key, { ...call, fee: { kind: "eip1559", maxFeeWei: 9n, tipWei: 0n } });
    const legacy = signTransaction(crypto, key, { ...call, fee: { kind: "legacy", gasPriceWei: 7n } });
    for (const { raw } of [typed, legacy]) {
      const serializedTransaction = to0x(raw) as any;
      assert.equal((await recoverTransactionAddress({ serializedTransaction })).toLowerCase(), address);
      const parsed = parseTransaction(serializedTransaction);
      assert.equal(BigInt(parsed.nonce ?? 0), nonce);
      assert.equal(parsed.data, to0x(call.data));
    }
  }
});

test("the receipt trie has the root of @ethereumjs/mpt, and its nodes prove every receipt", async () => {
  for (const count of [0, 1, 2, 16, 17, 127, 128, 129, 300]) {
    const receipts = Array.from({ length: count }, (_, at) => new Uint8Array(300).fill(at & 255));
    const trie = await createMPT();
    for (const [at, each] of receipts.entries()) await trie.put(encodeRlp(rlpInteger(at)), each);
    const built = buildReceiptTrie(crypto, receipts);
    assert.deepEqual(built.root, trie.root());
    for (const wanted of [[0], [count - 1], receipts.map((_, at) => at)]) {
      if (count === 0) continue;
      const proof = makeReceiptProof(crypto, built.root, built.nodesFor(new Set(wanted)));
      for (const tx of wanted) assert.deepEqual(proof.receipt(tx), receipts[tx]);
    }
  }
});
