import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test, type TestContext } from "node:test";
import { devAccounts, startChain, type DevChain } from "@crossguardian/devnet";
import { type DomainPowers } from "@crossguardian/frontend";
import { fromHex } from "@crossguardian/kernel";
import { chainPackage } from "@crossguardian/plugin-evm";
import { type PluginConfig } from "@crossguardian/protocol";
import { type Message, NO_PROFILES } from "@crossguardian/wire";
import { runModule, runPlugin, runWitness } from "../src/index.ts";

let chain: DevChain;
let genesisHash: Uint8Array;
before(async () => {
  chain = await startChain({ kind: "anvil", chainId: 51, blockTimeMs: null });
  genesisHash = fromHex((await rpc("eth_getBlockByNumber", ["0x0", false])).hash as string);
});
after(async () => {
  await chain.stop();
});

const rpc = async (method: string, params: readonly unknown[] = []): Promise<any> => {
  const answer = await fetch(chain.url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
  return ((await answer.json()) as any).result;
};

const until = async (what: string, holds: () => boolean): Promise<void> => {
  const end = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`it did not come to hold: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

type Sent = { readonly to: string; readonly name: string; readonly message: any };

/** Powers of a domain without a switch: what it sends is kept, what it shall hear is spoken by the test. */
const makePowers = (t: TestContext, rootKey: Uint8Array | null) => {
  const sent: Sent[] = [];
  const handlers = new Map<string, (from: string, message: any, payload: Uint8Array) => void>();
  const stops: (() => unknown)[] = [];
  const peers: ((peer: string, up: boolean) => void)[] = [];
  const drains: (() => void)[] = [];
  const state = { isFull: false };
  const powers = {
    name: "plugin-a",
    epoch: 1n,
    rootKey,
    security: NO_PROFILES,
    dataPath: null,
    clock: {
      wallMs: () => Date.now(),
      monotonicMs: () => performance.now(),
      after: (delayMs: number, run: () => void) => {
        const timer = setTimeout(run, delayMs);
        return () => clearTimeout(timer);
      },
    },
    log: { info: () => undefined, warn: () => undefined, alarm: () => undefined },
    streams: {
      connect: (endpoint: string) => {
        assert.equal(endpoint, "node-a");
        return connect(Number(new URL(chain.url).port), "127.0.0.1");
      },
      onConnection: () => undefined,
    },
    channel: {
      send: (to: string, name: string, message: unknown) => {
        if (state.isFull) return false;
        sent.push({ to, name, message });
        return true;
      },
      sendEncoded: () => true,
      on: (name: string, handler: (from: string, message: any, payload: Uint8Array) => void) => handlers.set(name, handler),
      onDrain: (handler: () => void) => drains.push(handler),
      onPeer: (handler: (peer: string, up: boolean) => void) => peers.push(handler),
    },
    gauge: () => undefined,
    onControl: () => undefined,
    onStop: (handler: () => unknown) => stops.push(handler),
    exit: () => {
      throw new Error("exit");
    },
  } as unknown as DomainPowers; // the parts that the appchain domain uses
  t.after(() => stops.forEach((stop) => stop()));
  const hear = (from: string, name: string, message: unknown): void => handlers.get(name)?.(from, message, new Uint8Array(0));
  return { powers, sent, hear, peers, drains, state };
};

const NOTHING = { terms: new Uint8Array(0), settings: new Uint8Array(0) };
const endpoint = { name: "node-a", scheme: "ws", host: "127.0.0.1", path: "/" };

test("a witness reports from the wanted height on, to its interaction domain only", async (t) => {
  const { powers, sent, hear, peers, drains, state } = makePowers(t, null);
  await rpc("anvil_mine", ["0xa"]);
  await runWitness(powers, { chain: "a", kind: 1, endpoint, genesisHash, depth: 2, pollMs: 50, ...NOTHING }, chainPackage);
  await until("the tip", () => sent.length === 1);
  assert.deepEqual(sent[0], { to: "interaction", name: "headerReport", message: { chain: "a", tip: 10n, headers: [] } });
  hear("plugin-a", "wantHeaders", { chain: "a", from: 1n });
  hear("interaction", "wantHeaders", { chain: "a", from: 3n });
  const heights = (): bigint[] => sent.flatMap(({ message }) => (message as Message<"headerReport">).headers.map(({ height }) => height));
  await until("headers 3 to 8", () => heights().length === 6);
  assert.deepEqual(heights(), [3n, 4n, 5n, 6n, 7n, 8n]);
  peers[0]?.("interaction", true);
  assert.deepEqual(sent.at(-1)?.message, { chain: "a", tip: 10n, headers: [] });

  state.isFull = true;
  await rpc("anvil_mine", ["0x3"]);
  await new Promise((resolve) => setTimeout(resolve, 200));
  state.isFull = false;
  drains[0]?.();
  await until("headers up to 11", () => heights().length === 9);
  assert.deepEqual(heights().slice(6), [9n, 10n, 11n]);
});

const config = (): PluginConfig => ({
  ...{ chain: "a", kind: 1, endpoints: [endpoint], numericId: 51n, genesisHash, contract: new Uint8Array(32).fill(1) },
  ...{ depth: 0, pollMs: 50, maxEntriesPerTransaction: 50, maxGas: 10_000_000n, executeGas: 1, settleGas: 1, cancelGas: 1, intake: "", ...NOTHING },
});

test("a plugin scans and answers for its interaction domain only", async (t) => {
  const { powers, sent, hear } = makePowers(t, new Uint8Array(32).fill(9));
  await runPlugin(powers, config(), chainPackage);
  const order = { chain: "a", from: 1n, grants: 5, restart: true };
  hear("relay", "scan", order);
  const [account] = devAccounts(1);
  await rpc("eth_sendTransaction", [{ from: account!.address, to: account!.address, value: "0x1" }]);
  await new Promise((resolve) => setTimeout(resolve, 400));
  assert.equal(sent.length, 0);
  hear("interaction", "scan", order);
  const height = BigInt(await rpc("eth_blockNumber"));
  await until("the empty range", () => (sent.at(-1)?.message as Message<"observed"> | undefined)?.to === height);
  assert.ok(sent.every(({ to, name }) => to === "interaction" && name === "observed"));
});

test("a service module hears no order to scan and has no word about events, whatever the package does", async (t) => {
  const { powers, sent, hear } = makePowers(t, new Uint8Array(32).fill(9));
  const told: unknown[] = [];
  const talkative: typeof chainPackage = {
    ...chainPackage,
    makePlugin: (ports, given) => {
      told.push(ports.say("observed", { chain: "a", from: 1n, to: 1n, blocks: [] }), ports.say("submitted", { chain: "a", id: 1n, outcome: 1, detail: "" }));
      return { ...chainPackage.makePlugin(ports, given), scan: () => told.push("scan") };
    },
  };
  await runModule(powers, config(), talkative);
  hear("interaction", "scan", { chain: "a", from: 1n, grants: 5, restart: true });
  assert.deepEqual(told, [true, true]);
  assert.deepEqual(sent.map(({ name }) => name), ["submitted"]);
});

test("a plugin without a root key, or for another kind of chain, does not start", async (t) => {
  await assert.rejects(runPlugin(makePowers(t, null).powers, config(), chainPackage), /appchain\.key\.missing/u);
  await assert.rejects(runPlugin(makePowers(t, new Uint8Array(32)).powers, { ...config(), kind: 7 }, chainPackage), /appchain\.chain\.kind/u);
  await assert.rejects(runWitness(makePowers(t, null).powers, { chain: "a", kind: 7, endpoint, genesisHash, depth: 0, pollMs: 5, ...NOTHING }, chainPackage), /appchain\.chain\.kind/u);
});
