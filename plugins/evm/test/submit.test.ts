import assert from "node:assert/strict";
import { after, before, test, type TestContext } from "node:test";
import { type Clock, type Fact, fromHex, to0x } from "@crossguardian/kernel";
import { decodeGatewayEvent, verifyEvmEvents, type GatewayEvent } from "@crossguardian/proof";
import { type PluginConfig } from "@crossguardian/protocol";
import { type Message, SUBMIT_CALL, SUBMIT_OUTCOME } from "@crossguardian/wire";
import { type Hex } from "viem";
import { KIND } from "../../../contracts/evm/test/support/oracle.ts";
import {
  type Answered,
  type Asked,
  type Attested,
  attest,
  balances,
  cancelFacts,
  receiptsOf,
  requestsOf,
  type Side,
  startWorld,
  TIMEOUT_MS,
  type World,
} from "../../../contracts/evm/test/support/world.ts";
import { type EvmPlugin, makeEvmPlugin, type OpenTransport, signTransaction } from "../src/index.ts";
import { clock, crypto, until } from "./test-ports.ts";

const KEY = new Uint8Array(32).fill(11);
const ADDRESS = crypto.secp256k1.address(KEY);

let world: World;
before(async () => {
  world = await startWorld();
  for (const { chain } of [world.a, world.b]) await chain.rpc("anvil_setBalance", [to0x(ADDRESS), "0x56bc75e2d63100000"]);
});
after(async () => {
  await world.stop();
});

/** The test chain's own RPC as a transport without pushes. */
const bridgeTo =
  (side: Side): OpenTransport =>
  ({ onOpen, onText }) => {
    queueMicrotask(onOpen);
    return {
      pushes: false,
      close: () => undefined,
      post: (requests) => {
        for (const request of requests) {
          const { id, method, params } = JSON.parse(request) as { id: number; method: string; params: unknown[] };
          side.chain.rpc(method, params).then(
            (result) => onText(JSON.stringify({ jsonrpc: "2.0", id, result })),
            (error: unknown) => onText(JSON.stringify({ jsonrpc: "2.0", id, error: { code: -1, message: String(error) } })),
          );
        }
      },
    };
  };

type Desk = {
  readonly plugin: EvmPlugin;
  readonly hints: Message<"submitted">[];
  readonly events: GatewayEvent[];
  readonly decided: Message<"decided">[];
  readonly warned: string[];
};

const open = async (t: TestContext, side: Side, changes: Partial<PluginConfig> = {}, hurriedClock: Clock = clock): Promise<Desk> => {
  const genesis = (await side.chain.rpc("eth_getBlockByNumber", ["0x0", false])) as { hash: Hex };
  const desk = { hints: [] as Message<"submitted">[], events: [] as GatewayEvent[], decided: [] as Message<"decided">[], warned: [] as string[] };
  const note = (event: string, _facts?: Readonly<Record<string, Fact>>): number => desk.warned.push(event);
  const plugin = makeEvmPlugin(
    {
      endpoints: [bridgeTo(side)],
      keccak256: crypto.keccak256,
      secp256k1: crypto.secp256k1,
      accountKey: KEY,
      clock: hurriedClock,
      log: { info: () => undefined, warn: note, alarm: note },
      say: (name, message) => {
        if (name === "submitted") desk.hints.push(message as Message<"submitted">);
        if (name === "decided") desk.decided.push(message as Message<"decided">);
        if (name !== "observed") return true;
        for (const { evidence, places } of (message as Message<"observed">).blocks) {
          const proven = verifyEvmEvents(crypto, evidence, places);
          assert.ok(proven.ok);
          for (const log of proven.value.events) {
            const event = decodeGatewayEvent(log);
            assert.ok(event.ok);
            desk.events.push(event.value);
          }
        }
        return true;
      },
    },
    {
      chain: side.ids.vault.split(":")[1]!,
      kind: 1,
      endpoints: [],
      numericId: BigInt(side.chain.chainId),
      genesisHash: fromHex(genesis.hash),
      contract: fromHex(side.gateway.address),
      depth: 0,
      pollMs: 20,
      maxEntriesPerTransaction: 25,
      maxGas: 16_000_000n,
      executeGas: 450_000,
      settleGas: 450_000,
      cancelGas: 80_000,
      intake: "", terms: new Uint8Array(0), settings: new Uint8Array(0),
      ...changes,
    },
  );
  t.after(() => plugin.stop());
  return { plugin, ...desk };
};

let submissionId = 0n;

const submission = (
  side: Side,
  other: Side,
  call: 1 | 2 | 3,
  block: Attested,
  parts: { asked?: readonly Asked[]; answered?: readonly Answered[] },
): Message<"submit"> => {
  const name = (key: string): string => {
    for (const each of [side, other]) {
      for (const service of ["vault", "data", "hostile"] as const) if (each.keys[service] === key) return each.ids[service];
    }
    throw new Error("a key of no service");
  };
  submissionId += 1n;
  return {
    chain: side.ids.vault.split(":")[1]!,
    id: submissionId,
    call,
    attestation: {
      header: {
        epoch: block.header.epoch,
        height: block.header.height,
        prevHash: fromHex(block.header.prevHash),
        tickMs: block.header.tick,
        entriesRoot: fromHex(block.header.entriesRoot),
      },
      signatures: block.signatures.map((each) => fromHex(each)),
    },
    entries: block.entries.map((entry) => ({
      from: name(entry.from),
      to: name(entry.to),
      index: entry.index,
      requestHash: fromHex(entry.requestHash),
      status: entry.status as 0,
      resultHash: fromHex(entry.resultHash),
      position: entry.position,
      siblings: entry.siblings.map((each) => fromHex(each)),
    })),
    bodies: (parts.asked ?? []).map(({ body }) => ({
      srcChain: fromHex(body.srcChain),
      srcContract: fromHex(body.srcContract),
      timeoutMs: body.timeoutMs,
      priority: body.priority,
      isPrivate: body.isPrivate,
      salt: fromHex(body.salt),
      func: body.func,
      args: body.args.map((each) => fromHex(each)),
    })),
    results: (parts.answered ?? []).map(({ result }) => fromHex(result)),
  };
};

const lock = async (from: Side, to: Side, count: number): Promise<Asked[]> => {
  const asked: Asked[] = [];
  for (let at = 0; at < count; at += 1) {
    const { events } = await from.vault.done("lock", [to.keys.vault, from.chain.accounts[3], 10n, TIMEOUT_MS]);
    asked.push(...requestsOf(from, events));
  }
  return asked;
};

const hint = async (desk: Desk, id: bigint): Promise<Message<"submitted">> => {
  await until(`a hint about submission ${id}`, () => desk.hints.some((each) => each.id === id));
  return desk.hints.find((each) => each.id === id)!;
};

test("a batch is executed in split transactions, its receipts are told, and the other chain settles", async (t) => {
  const { a, b } = world;
  const [deskA, deskB] = [await open(t, a), await open(t, b)];
  deskB.plugin.scan({ chain: "b", from: 1n, grants: 100, restart: true });
  const asked = await lock(a, b, 60);
  const block = await attest(b.target, KIND.request, asked.map(({ facts }) => facts));
  const order = submission(b, a, SUBMIT_CALL.execute, block, { asked });
  deskB.plugin.submit(order);
  assert.equal((await hint(deskB, order.id)).outcome, SUBMIT_OUTCOME.mined);
  assert.equal((await balances(b, a, a.chain.accounts[3]!)).wrapped, 600n);
  await until("60 receipts", () => deskB.events.length === 60);
  assert.ok(deskB.events.every((event) => event.type === "receipt" && event.status === 3));

  const again = { ...order, id: order.id + 1000n };
  deskB.plugin.submit(again);
  assert.equal((await hint(deskB, again.id)).outcome, SUBMIT_OUTCOME.mined);
  assert.equal((await balances(b, a, a.chain.accounts[3]!)).wrapped, 600n);

  const answered: Answered[] = deskB.events.flatMap((event) => {
    if (event.type !== "receipt") return [];
    const result = to0x(event.result);
    return receiptsOf([
      { name: "Receipt", args: { result, from: to0x(event.fromKey), to: to0x(event.toKey), index: event.index, requestHash: to0x(event.requestHash), status: event.status } },
    ]);
  });
  const receiptBlock = await attest(a.target, KIND.receipt, answered.map(({ facts }) => facts));
  const settling = submission(a, b, SUBMIT_CALL.settle, receiptBlock, { answered });
  deskA.plugin.submit(settling);
  assert.equal((await hint(deskA, settling.id)).outcome, SUBMIT_OUTCOME.mined);

  const pair = { from: a.ids.vault, to: b.ids.vault };
  deskA.plugin.query({ chain: "a", id: 1n, pairs: [{ ...pair, side: 1, base: 1n, count: 64 }] });
  deskB.plugin.query({ chain: "b", id: 2n, pairs: [{ ...pair, side: 2, base: 1n, count: 64 }] });
  await until("answers", () => deskA.decided.length === 1 && deskB.decided.length === 1);
  const full = fromHex(`${"ff".repeat(7)}0f`);
  for (const desk of [deskA, deskB]) {
    assert.deepEqual(desk.decided[0]!.pairs[0]!.bitmap, full);
    assert.equal(desk.decided[0]!.pairs[0]!.last, 60n);
  }
});

test("a cancelled request is told as rolled back", async (t) => {
  const { a, b } = world;
  const desk = await open(t, b);
  desk.plugin.scan({ chain: "b", from: BigInt((await b.chain.rpc("eth_blockNumber")) as string) + 1n, grants: 100, restart: true });
  const asked = await lock(a, b, 2);
  const order = submission(b, a, SUBMIT_CALL.cancel, await attest(b.target, KIND.cancel, asked.map(cancelFacts)), {});
  desk.plugin.submit(order);
  assert.equal((await hint(desk, order.id)).outcome, SUBMIT_OUTCOME.mined);
  await until("two receipts", () => desk.events.length === 2);
  assert.ok(desk.events.every((event) => event.type === "receipt" && event.status === 5));
});

test("what the contract refuses is hinted as reverted, what does not fit together as failed", async (t) => {
  const { a, b } = world;
  const desk = await open(t, b);
  const asked = await lock(a, b, 1);
  const block = await attest(b.target, KIND.request, asked.map(({ facts }) => facts), { epoch: 2n });
  const order = submission(b, a, SUBMIT_CALL.execute, block, { asked });
  desk.plugin.submit(order);
  assert.equal((await hint(desk, order.id)).outcome, SUBMIT_OUTCOME.reverted);
  const bodiless = submission(b, a, SUBMIT_CALL.execute, block, {});
  desk.plugin.submit(bodiless);
  assert.deepEqual(await hint(desk, bodiless.id).then(({ outcome, detail }) => [outcome, detail]), [SUBMIT_OUTCOME.failed, "evm.submit.malformed"]);
});

test("a transaction that used up its gas is sent again with more, up to the most that one may use", async (t) => {
  const { a, b } = world;
  const few = await open(t, b, { cancelGas: 1 });
  const asked = await lock(a, b, 12);
  const block = await attest(b.target, KIND.cancel, asked.map(cancelFacts));
  const order = submission(b, a, SUBMIT_CALL.cancel, block, {});
  few.plugin.submit(order);
  assert.equal((await hint(few, order.id)).outcome, SUBMIT_OUTCOME.mined);
  assert.ok(few.warned.includes("evm.submit.gas"));
  few.plugin.stop();
  const none = await open(t, b, { cancelGas: 1, maxGas: 300_000n });
  const more = await lock(a, b, 12);
  const next = submission(b, a, SUBMIT_CALL.cancel, await attest(b.target, KIND.cancel, more.map(cancelFacts)), {});
  none.plugin.submit(next);
  assert.equal((await hint(none, next.id)).outcome, SUBMIT_OUTCOME.reverted);
});

test("a nonce that another took is healed", async (t) => {
  const { a, b } = world;
  const desk = await open(t, b);
  const submitLock = async (): Promise<Message<"submit">> => {
    const asked = await lock(a, b, 1);
    const order = submission(b, a, SUBMIT_CALL.execute, await attest(b.target, KIND.request, asked.map(({ facts }) => facts)), { asked });
    desk.plugin.submit(order);
    return order;
  };
  assert.equal((await hint(desk, (await submitLock()).id)).outcome, SUBMIT_OUTCOME.mined);
  const nonce = BigInt((await b.chain.rpc("eth_getTransactionCount", [to0x(ADDRESS), "latest"])) as string);
  const { raw } = signTransaction(crypto, KEY, {
    chainId: BigInt(b.chain.chainId),
    nonce,
    to: ADDRESS,
    gas: 21_000n,
    data: new Uint8Array(0),
    fee: { kind: "eip1559", maxFeeWei: 10_000_000_000n, tipWei: 1n },
  });
  await b.chain.rpc("eth_sendRawTransaction", [to0x(raw)]);
  assert.equal((await hint(desk, (await submitLock()).id)).outcome, SUBMIT_OUTCOME.mined);
});

test("transactions that the node lost are sent again", async (t) => {
  const { a, b } = world;
  const hurried: Clock = { ...clock, monotonicMs: () => performance.now() * 20 };
  const desk = await open(t, b, {}, hurried);
  const asked = await lock(a, b, 3);
  await b.chain.rpc("evm_setAutomine", [false]);
  const orders: Message<"submit">[] = [];
  for (const each of asked) {
    const order = submission(b, a, SUBMIT_CALL.execute, await attest(b.target, KIND.request, [each.facts]), { asked: [each] });
    orders.push(order);
    desk.plugin.submit(order);
  }
  await until("three in flight", () => desk.plugin.gauges().txInFlight === 3);
  await until("three in the pool", async () => Number(((await b.chain.rpc("txpool_status")) as { pending: string }).pending) === 3);
  await b.chain.rpc("anvil_dropAllTransactions");
  await b.chain.rpc("evm_setAutomine", [true]);
  for (const order of orders) assert.equal((await hint(desk, order.id)).outcome, SUBMIT_OUTCOME.mined);
});

test("an account without money is alarmed about, and the submission comes back as failed", async (t) => {
  const { a, b } = world;
  const desk = await open(t, b);
  await b.chain.rpc("anvil_setBalance", [to0x(ADDRESS), "0x0"]);
  const asked = await lock(a, b, 1);
  const order = submission(b, a, SUBMIT_CALL.execute, await attest(b.target, KIND.request, asked.map(({ facts }) => facts)), { asked });
  desk.plugin.submit(order);
  assert.equal((await hint(desk, order.id)).detail, "evm.submit.funds");
  assert.ok(desk.warned.includes("evm.submit.funds"));
  await until("the low balance", () => desk.warned.includes("evm.account.low"));
});
