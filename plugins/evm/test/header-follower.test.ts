import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test, type TestContext } from "node:test";
import { fromHex, toHex, type Clock, type Fact, type Log } from "@crossguardian/kernel";
import { devAccounts, startChain, startProxy, type DevChain, type DevProxies } from "@crossguardian/devnet";
import { type WitnessedHeader } from "@crossguardian/protocol";
import { makeHeaderFollower } from "../src/index.ts";

export const clock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

let chain: DevChain;
let proxies: DevProxies;
before(async () => {
  chain = await startChain({ kind: "anvil", chainId: 71, blockTimeMs: null });
  proxies = await startProxy({ upstreams: [chain.url] });
});
after(async () => {
  await proxies.stop();
  await chain.stop();
});

const rpc = async (method: string, params: unknown[] = []): Promise<any> => {
  const answer = await fetch(chain.url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
  return ((await answer.json()) as any).result;
};

const until = async (holds: () => boolean): Promise<void> => {
  const end = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > end) throw new Error("it did not come to hold within 10 s");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

const follow = async (t: TestContext, options: { scheme?: string; depth?: number; from?: bigint | null; viaProxy?: boolean; genesis?: string }) => {
  const port = Number(new URL(options.viaProxy === true ? proxies.urls[0]! : chain.url).port);
  const seen: WitnessedHeader[] = [];
  const events: [string, Record<string, Fact>][] = [];
  const note = (event: string, facts: Readonly<Record<string, Fact>> = {}): number => events.push([event, facts]);
  const log: Log = { info: note, warn: note, alarm: note };
  const genesis = options.genesis ?? (await rpc("eth_getBlockByNumber", ["0x0", false])).hash;
  const follower = makeHeaderFollower({
    connect: () => connect(port, "127.0.0.1"),
    endpoint: { name: "node", scheme: options.scheme ?? "ws", host: `127.0.0.1:${port}`, path: "/" },
    depth: options.depth ?? 0,
    from: options.from === undefined ? 0n : options.from,
    genesisHash: fromHex(genesis),
    clock,
    log,
    pollMs: 100,
    onHeaders: (headers) => seen.push(...headers),
  });
  t.after(() => follower.stop());
  return { seen, events, follower };
};

const mine = async (count: number): Promise<number> => {
  await rpc("anvil_mine", [`0x${count.toString(16)}`]);
  return Number(await rpc("eth_blockNumber"));
};

// With a transaction in its first block the other branch differs from the first.
const reorg = async (blocks: number): Promise<void> => {
  const [from] = devAccounts(1);
  await rpc("anvil_reorg", [blocks, [[{ from: from!.address, to: from!.address, value: "0x1" }, 0]]]);
};

const isRun = (seen: readonly WitnessedHeader[], from: bigint): void => {
  for (const [at, header] of seen.entries()) {
    assert.equal(header.height, from + BigInt(at));
    if (at > 0) assert.equal(toHex(header.parentHash), toHex(seen[at - 1]!.hash));
  }
};

for (const scheme of ["ws", "http"]) {
  test(`over ${scheme} headers come in order, linked, up to depth below the tip`, async (t) => {
    const tip = await mine(150);
    const { seen } = await follow(t, { scheme, depth: 2 });
    await until(() => seen.length === tip - 1);
    const more = await mine(5);
    await until(() => seen.length === more - 1);
    isRun(seen, 0n);
  });
}

test("a dropped connection and a stalled one lose no header", async (t) => {
  const { seen } = await follow(t, { from: 1n, viaProxy: true });
  await until(() => seen.length > 0);
  await proxies.set(0, "cut");
  const tip = await mine(10);
  await proxies.set(0, "pass");
  await until(() => seen.length === tip);
  isRun(seen, 1n);
});

test("a node of another chain is left with an alarm", async (t) => {
  const { seen, events } = await follow(t, { genesis: "11".repeat(32) });
  await until(() => events.some(([event]) => event === "evm.node.genesis"));
  assert.equal(seen.length, 0);
});

test("a node whose header does not hash to its hash is left with an alarm", async (t) => {
  await proxies.set(0, { kind: "garble", field: "receiptsRoot" });
  const { seen, events } = await follow(t, { viaProxy: true });
  await until(() => events.some(([event]) => event === "evm.node.header"));
  assert.equal(seen.length, 0);
  await proxies.set(0, "pass");
});

test("without a start only the tip is told; setFrom starts, also backwards", async (t) => {
  const { seen, follower } = await follow(t, { from: null });
  const tip = await mine(3);
  follower.setFrom(BigInt(tip - 1));
  await until(() => seen.length === 2);
  follower.setFrom(1n);
  await until(() => seen.length === 2 + tip);
  isRun(seen.slice(2), 1n);
});

test("a reorg above the depth is not seen; a deeper one is told with an alarm", async (t) => {
  const { seen, events } = await follow(t, { depth: 4, from: 1n });
  const tip = await mine(20);
  await until(() => seen.length === tip - 4);
  await reorg(3);
  const tipAfter = await mine(3);
  await until(() => seen.length === tipAfter - 4);
  isRun(seen, 1n);
  assert.ok(!events.some(([event]) => event === "evm.node.reorg"));
  await reorg(10);
  const last = await mine(2);
  await until(() => seen.at(-1)?.height === BigInt(last - 4));
  assert.ok(events.some(([event]) => event === "evm.node.reorg"));
});
