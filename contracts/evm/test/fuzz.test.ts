import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import fc from "fast-check";
import { encodeAbiParameters, type Hex, toHex } from "viem";
import { bodyHash, type Facts, KIND, requestHash, STATUS, ZERO } from "./support/oracle.ts";
import {
  type Answered, type Asked, attest, balances, cancel, execute, executeArgs, makeRequest, receiptsOf, requestsOf, settle,
  settleArgs, startWorld, TIMEOUT_MS, type World,
} from "./support/world.ts";

let world: World;
before(async () => { world = await startWorld(); });
beforeEach(async () => { await world.reset(); });
after(async () => { await world.stop(); });

const hex = (maxLength: number) => fc.uint8Array({ maxLength }).map((bytes) => toHex(bytes));
const bodies = fc.record({
  func: fc.string({ maxLength: 40, unit: "binary" }).filter((text) => text.isWellFormed()),
  args: fc.array(hex(100), { maxLength: 5 }),
  priority: fc.integer({ min: 0, max: 255 }),
  timeoutMs: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  isPrivate: fc.boolean(),
  salt: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => toHex(bytes)),
});

test("any body is hashed alike by the contract and by the oracle, and reaches the service", async () => {
  const { a, b } = world;
  let index = 0n;
  await fc.assert(
    fc.asyncProperty(bodies, async (body) => {
      const asked = makeRequest(a.target, a.keys.hostile, b.keys.hostile, ++index, body);
      const [receipt] = receiptsOf((await execute(b, [asked])).events);
      assert.equal(receipt?.facts.status, STATUS.success);
      assert.equal(receipt.result, body.args[0] ?? "0x");
    }),
    { numRuns: 40 },
  );
});

test("a request's event tells exactly what its commitment binds", async () => {
  const { a, b } = world;
  let index = 0n;
  await fc.assert(
    fc.asyncProperty(bodies, async ({ func, args }) => {
      const mined = await a.hostile.done("ask", [b.keys.hostile, func, args, TIMEOUT_MS]);
      const event = mined.events.find(({ name }) => name === "Request")?.args;
      const [asked] = requestsOf(a, mined.events);
      assert.ok(event && asked);
      assert.deepEqual([event["func"], event["args"]], [func, args]);
      assert.equal(event["bodyHash"], bodyHash(asked.body));
      assert.equal(event["requestHash"], requestHash(a.keys.hostile, b.keys.hostile, ++index, asked.body));
      const [commitment] = (await a.gateway.read("requestState", [a.keys.hostile, b.keys.hostile, index])) as [Hex, number];
      assert.equal(commitment, event["requestHash"]);
    }),
    { numRuns: 30 },
  );
});

test("no flipped bit of header, signatures, entry or body gets through", async () => {
  const { a, b } = world;
  const asked = [1n, 2n, 3n].map((index) =>
    makeRequest(a.target, a.keys.vault, b.keys.vault, index, { func: "mint", args: ["0x01", "0x02"], salt: ZERO }),
  );
  const block = await attest(b.target, KIND.request, asked.map(({ facts }) => facts));
  const [, second] = block.entries;
  const [, body] = asked;
  assert.ok(second && body);
  const good = b.gateway.data("execute", executeArgs({ ...block, entries: [second] }, [body]));
  assert.equal(await reverts(good), false);
  // Offsets and lengths of the encoding, the unused salt of a public body and padding carry no meaning: a flip there may
  // leave the same call. So the law is about the effect: refused, or decided exactly as attested.
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 4 * 8, max: ((good.length - 2) / 2) * 8 - 1 }), async (bit) => {
      const flipped = flip(good, bit);
      if (await reverts(flipped)) return;
      const id = await b.chain.rpc("evm_snapshot");
      await b.chain.rpc("eth_sendTransaction", [{ from: b.chain.accounts[2], to: b.gateway.address, data: flipped, gas: "0x1000000" }]);
      const clean = [await b.gateway.read("receiptHash", [a.keys.vault, b.keys.vault, 2n])];
      await b.chain.rpc("evm_revert", [id]);
      const again = await b.chain.rpc("evm_snapshot");
      await b.gateway.done("execute", executeArgs({ ...block, entries: [second] }, [body]));
      const expected = [await b.gateway.read("receiptHash", [a.keys.vault, b.keys.vault, 2n])];
      await b.chain.rpc("evm_revert", [again]);
      assert.ok(clean[0] === ZERO || clean[0] === expected[0], `bit ${String(bit)}`);
    }),
    { numRuns: 250 },
  );
});

type Step = { readonly what: "execute" | "cancel" | "settle"; readonly picks: readonly number[] };
const steps = fc.array(
  fc.record({ what: fc.constantFrom<Step["what"]>("execute", "cancel", "settle"), picks: fc.array(fc.nat(7), { minLength: 1, maxLength: 8 }) }),
  { minLength: 3, maxLength: 10 },
);

test("in any order, with any duplicates, each index is decided at most once, settled at most once, and supply is conserved", async () => {
  const { a, b } = world;
  const owner = a.chain.accounts[0] as Hex;
  const receiver = a.chain.accounts[3] as Hex;
  const AMOUNT = 10n;
  const COUNT = 8;
  const supply = (await a.token.read("totalSupply")) as bigint;
  const start = (await balances(a, b, owner)).home;
  const asked: Asked[] = [];
  for (let i = 0; i < COUNT; ++i) asked.push(...requestsOf(a, (await a.vault.done("lock", [b.keys.vault, receiver, AMOUNT, TIMEOUT_MS])).events));
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      const ids = await Promise.all([a, b].map(({ chain }) => chain.rpc("evm_snapshot")));
      const decided = new Map<bigint, Answered>();
      const settled = new Map<bigint, number>();
      for (const { what, picks } of plan) {
        const chosen = picks.map((pick) => asked[pick] as Asked);
        if (what === "settle") {
          const known = chosen.flatMap(({ facts }) => decided.get(facts.index) ?? []);
          if (known.length === 0) continue;
          for (const { name, args } of (await settle(a, known)).events.filter((event) => event.name === "Settled")) {
            const index = args["index"] as bigint;
            assert.equal(settled.has(index), false, `${name} twice`);
            settled.set(index, args["status"] as number);
          }
          continue;
        }
        const mined = await (what === "execute" ? execute(b, chosen) : cancel(b, chosen));
        for (const receipt of receiptsOf(mined.events)) {
          assert.equal(decided.has(receipt.facts.index), false, "decided twice");
          decided.set(receipt.facts.index, receipt);
        }
      }
      const minted = [...decided.values()].filter(({ facts }) => facts.status === STATUS.success).length;
      const refunded = [...settled.values()].filter((status) => status !== STATUS.success).length;
      const home = await balances(a, b, owner);
      assert.equal((await balances(b, a, receiver)).wrappedSupply, AMOUNT * BigInt(minted));
      assert.equal(home.locked, AMOUNT * BigInt(COUNT - refunded));
      assert.equal(home.home, start - home.locked);
      assert.equal(await a.token.read("totalSupply"), supply);
      assert.ok(home.locked >= AMOUNT * BigInt(minted), "every wrapped token is backed");
      await Promise.all([a, b].map(({ chain }, i) => chain.rpc("evm_revert", [ids[i]])));
    }),
    { numRuns: 15 },
  );
});

test("random calldata to any entrance is refused and changes nothing", async () => {
  const { a, b } = world;
  const before = await b.gateway.read("services");
  const entrances = ["execute", "cancel", "settle", "rotate", "governed"].map((name) => selectorOf(name));
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...entrances), fc.uint8Array({ maxLength: 600 }), async (selector, noise) => {
      assert.equal(await reverts(`${selector}${toHex(noise).slice(2)}`), true);
    }),
    { numRuns: 60 },
  );
  assert.deepEqual(await b.gateway.read("services"), before);
  const facts: Facts = { from: a.keys.vault, to: b.keys.vault, index: 1n, requestHash: ZERO, status: STATUS.success, resultHash: ZERO };
  const block = await attest(b.target, KIND.receipt, [facts]);
  assert.equal(await b.gateway.refusal("settle", settleArgs(block, [{ facts, result: encodeAbiParameters([{ type: "bool" }], [true]) }])), "ResultMismatch");
});

async function reverts(data: Hex): Promise<boolean> {
  const { b } = world;
  try {
    await b.chain.rpc("eth_call", [{ from: b.chain.accounts[2], to: b.gateway.address, data, gas: "0x1000000" }, "latest"]);
    return false;
  } catch {
    return true;
  }
}

function flip(data: Hex, bit: number): Hex {
  const at = 2 + Math.floor(bit / 4);
  const digit = Number.parseInt(data.charAt(at), 16) ^ (1 << bit % 4);
  return `${data.slice(0, at)}${digit.toString(16)}${data.slice(at + 1)}` as Hex;
}

function selectorOf(name: string): Hex {
  const { gateway } = world.b;
  const zero: Record<string, readonly unknown[]> = {
    execute: [HEADER, [], [], []], cancel: [HEADER, [], []], settle: [HEADER, [], [], []],
    rotate: [HEADER, [], [], 0, 0, []], governed: [[], []],
  };
  return gateway.data(name, zero[name] ?? []).slice(0, 10) as Hex;
}

const HEADER = { epoch: 0n, height: 0n, prevHash: ZERO, tick: 0n, entriesRoot: ZERO };
