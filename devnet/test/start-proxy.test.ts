import assert from "node:assert/strict";
import { once } from "node:events";
import process from "node:process";
import { after, before, test } from "node:test";

import { WebSocket } from "ws";

import { type DevChain, type DevProxies, startChain, startProxy } from "../src/index.ts";
import { headerHash, type HeaderJson } from "../src/proxy/header-json.ts";

const SILENCE_MS = 300;

let chain: DevChain;
let proxies: DevProxies;

before(async () => {
  const kind = process.arch === "x64" ? "anvil" : "ganache";
  chain = await startChain({ kind, chainId: 99, blockTimeMs: null });
  proxies = await startProxy({ upstream: chain.url, count: 3 });
  await mine(3);
});

after(async () => {
  await proxies.stop();
  await chain.stop();
});

const ask = async (url: string, method: string, params: unknown[] = [], signal?: AbortSignal) => {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", connection: "close" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 7, method, params }),
    signal: signal ?? null,
  });
  return (await response.json()) as { result?: any; error?: { message: string } };
};

const mine = async (blocks: number): Promise<void> => {
  for (let i = 0; i < blocks; i += 1) await ask(chain.url, "evm_mine");
};

const head = async (): Promise<number> => Number((await ask(chain.url, "eth_blockNumber")).result);
const blockAt = async (url: string, height: number | string): Promise<HeaderJson> => {
  const tag = typeof height === "number" ? `0x${height.toString(16)}` : height;
  return (await ask(url, "eth_getBlockByNumber", [tag, false])).result as HeaderJson;
};

const firstHead = async (wsUrl: string): Promise<HeaderJson> => {
  const socket = new WebSocket(wsUrl);
  await once(socket, "open");
  socket.send(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_subscribe", params: ["newHeads"] }));
  await once(socket, "message");
  await mine(1);
  const [data] = (await once(socket, "message")) as [Buffer];
  socket.close();
  return JSON.parse(data.toString("utf8")).params.result as HeaderJson;
};

test("pass gives what the node gives, over HTTP and over WebSocket", async () => {
  const height = await head();
  assert.deepEqual(await blockAt(proxies.urls[0]!, height), await blockAt(chain.url, height));
  const told = await firstHead(proxies.wsUrls[0]!);
  assert.equal(told.hash, (await blockAt(chain.url, "latest")).hash);
  assert.equal((await proxies.counts())[0]!.rewritten, 0);
});

test("the header hash is computed from its members as the chain does", async () => {
  const genuine = await blockAt(chain.url, "latest");
  assert.equal(headerHash(genuine), genuine.hash);
});

test("lie serves another history whose headers hash and link, the same from two proxies that agree", async () => {
  const fork = (await head()) + 2;
  await mine(5);
  for (const proxy of [0, 1]) await proxies.set(proxy, { kind: "lie", fromBlock: fork });
  const before = await blockAt(proxies.urls[0]!, fork - 1);
  const first = await blockAt(proxies.urls[0]!, fork);
  const last = await blockAt(proxies.urls[0]!, fork + 3);
  const middle = await blockAt(proxies.urls[0]!, fork + 2);
  assert.equal(before.hash, (await blockAt(chain.url, fork - 1)).hash);
  assert.notEqual(first.hash, (await blockAt(chain.url, fork)).hash);
  assert.equal(first.parentHash, before.hash);
  assert.equal(last.parentHash, middle.hash);
  assert.equal(headerHash(last), last.hash);
  assert.equal((await blockAt(proxies.urls[1]!, fork + 3)).hash, last.hash);
  const byHash = await ask(proxies.urls[0]!, "eth_getBlockByHash", [middle.hash, false]);
  assert.equal(byHash.result.hash, middle.hash);
  const told = await firstHead(proxies.wsUrls[0]!);
  assert.equal(told.hash, (await blockAt(proxies.urls[0]!, "latest")).hash);
  assert.notEqual(told.hash, (await blockAt(chain.url, "latest")).hash);
});

test("garble replaces one field and makes nothing fit it", async () => {
  await proxies.set(0, { kind: "garble", field: "receiptsRoot" });
  const told = await blockAt(proxies.urls[0]!, "latest");
  assert.equal(told.hash, (await blockAt(chain.url, "latest")).hash);
  assert.notEqual(headerHash(told), told.hash);
});

test("stale keeps telling of an old head", async () => {
  const height = await head();
  await proxies.set(0, "stale");
  await mine(2);
  assert.equal(Number((await ask(proxies.urls[0]!, "eth_blockNumber")).result), height);
  assert.equal(Number((await blockAt(proxies.urls[0]!, "latest")).number), height);
  assert.equal(await blockAt(proxies.urls[0]!, height + 1), null);
});

test("error answers every call of a batch with an error", async () => {
  await proxies.set(0, "error");
  const call = { jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] };
  const response = await fetch(proxies.urls[0]!, { method: "POST", body: JSON.stringify([call, call]) });
  const answers = (await response.json()) as { error: { code: number } }[];
  assert.deepEqual(answers.map(({ error }) => error.code), [-32_603, -32_603]);
});

test("empty tells of no logs and no receipts", async () => {
  await proxies.set(0, "empty");
  const tokenless = [{ fromBlock: "0x0", toBlock: "latest" }];
  assert.deepEqual((await ask(proxies.urls[0]!, "eth_getLogs", tokenless)).result, []);
  assert.deepEqual((await ask(proxies.urls[0]!, "eth_getBlockReceipts", ["latest"])).result, []);
  assert.equal((await ask(proxies.urls[0]!, "eth_getTransactionReceipt", [`0x${"11".repeat(32)}`])).result, null);
  assert.equal(Number((await ask(proxies.urls[0]!, "eth_blockNumber")).result), await head());
});

test("double gives every receipt twice, and every answer on a WebSocket", async () => {
  const [from, to] = (await ask(chain.url, "eth_accounts")).result as string[];
  const hash = (await ask(chain.url, "eth_sendTransaction", [{ from, to, value: "0x1" }])).result as string;
  let receipt: { blockNumber: string } | null = null;
  while (receipt === null) receipt = (await ask(chain.url, "eth_getTransactionReceipt", [hash])).result as { blockNumber: string } | null;
  const { blockNumber } = receipt;
  await proxies.set(0, "double");
  const told = (await ask(proxies.urls[0]!, "eth_getBlockReceipts", [blockNumber])).result as { transactionHash: string }[];
  assert.deepEqual(told.map(({ transactionHash }) => transactionHash), [hash, hash]);
  const socket = new WebSocket(proxies.wsUrls[0]!);
  await once(socket, "open");
  const both = new Promise<string[]>((resolve) => {
    const heard: string[] = [];
    socket.on("message", (data: Buffer) => {
      if (heard.push(data.toString("utf8")) === 2) resolve(heard);
    });
  });
  socket.send(JSON.stringify({ jsonrpc: "2.0", id: 3, method: "eth_chainId", params: [] }));
  const [first, second] = await both;
  assert.equal(first, second);
  socket.terminate();
});

test("hang takes calls and never answers, while subscriptions go on", async () => {
  await proxies.set(0, "hang");
  await assert.rejects(ask(proxies.urls[0]!, "eth_chainId", [], AbortSignal.timeout(SILENCE_MS)), { name: "TimeoutError" });
  const told = await firstHead(proxies.wsUrls[0]!);
  assert.equal(told.hash, (await blockAt(chain.url, "latest")).hash);
});

test("slow gives the same answers later", async () => {
  await proxies.set(0, { kind: "slow", delayMs: 60 });
  const began = performance.now();
  assert.equal(Number((await ask(proxies.urls[0]!, "eth_chainId")).result), 99);
  assert.ok(performance.now() - began >= 120, "each way waits");
});

test("one way: what the client says does not arrive, or the answer does not, and the connection stays", async () => {
  for (const silent of ["up", "down"] as const) {
    await proxies.set(0, { kind: "oneWay", silent });
    await assert.rejects(ask(proxies.urls[0]!, "eth_chainId", [], AbortSignal.timeout(SILENCE_MS)), { name: "TimeoutError" });
  }
  await proxies.set(0, "pass");
  assert.equal(Number((await ask(proxies.urls[0]!, "eth_chainId")).result), 99);
});

test("stall takes a connection and never answers; an open one falls silent", async () => {
  await proxies.set(2, "pass");
  const socket = new WebSocket(proxies.wsUrls[2]!);
  await once(socket, "open");
  await proxies.set(2, "stall");
  let heard = false;
  socket.on("message", () => (heard = true));
  socket.send(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] }));
  await assert.rejects(ask(proxies.urls[2]!, "eth_chainId", [], AbortSignal.timeout(SILENCE_MS)), {
    name: "TimeoutError",
  });
  assert.equal(heard, false);
  assert.equal(socket.readyState, WebSocket.OPEN);
  socket.terminate();
});

test("cut drops open connections and new ones, and pass heals", async () => {
  await proxies.set(2, "pass");
  const socket = new WebSocket(proxies.wsUrls[2]!);
  await once(socket, "open");
  const closed = once(socket, "close");
  socket.on("error", () => undefined);
  await proxies.set(2, "cut");
  await closed;
  await assert.rejects(ask(proxies.urls[2]!, "eth_chainId"));
  await proxies.set(2, "pass");
  assert.equal(Number((await ask(proxies.urls[2]!, "eth_chainId")).result), 99);
});

test("a proxy that does not exist, or whose node is gone, is refused with a code", async () => {
  await assert.rejects(proxies.set(9, "cut"), { code: "devnet.proxy.unknown" });
  const orphan = await startProxy({ upstreams: ["http://127.0.0.1:1"] });
  await assert.rejects(orphan.set(0, "stale"), { code: "devnet.upstream.failed" });
  await orphan.stop();
});
