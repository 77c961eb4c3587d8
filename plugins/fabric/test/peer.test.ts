import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttp2Server, type ServerHttp2Session } from "node:http2";
import { type AddressInfo, connect } from "node:net";
import { after, before, test } from "node:test";
import { openOrganization } from "@crossguardian/fabric-devnet";
import { type Fact, type Log, toHex } from "@crossguardian/kernel";
import { decodeFabricSettings, makeHeaderFollower, makeIdentity } from "@crossguardian/plugin-fabric-blocks";
import { type WitnessedHeader } from "@crossguardian/protocol";
import { clock } from "./support/clock.ts";
import { crypto, startTestNetwork, type TestNetwork } from "./support/fabric-world.ts";

let network: TestNetwork;
before(async () => {
  network = await startTestNetwork({ chaincodeMain: new URL("support/emitter-chaincode.ts", import.meta.url).pathname });
});
after(async () => {
  await network.stop();
});

type Followed = { readonly headers: WitnessedHeader[]; readonly tips: bigint[]; readonly logged: string[]; readonly until: (holds: () => boolean) => Promise<void>; readonly stop: () => void };

const follow = (peer: number, settings: Uint8Array, genesisHash: Uint8Array, from = 1n): Followed => {
  const headers: WitnessedHeader[] = [];
  const tips: bigint[] = [];
  const logged: string[] = [];
  let more: (() => void) | null = null;
  const note = (event: string, _facts?: Readonly<Record<string, Fact>>): void => {
    logged.push(event);
    more?.();
  };
  const log: Log = { info: note, warn: note, alarm: note };
  const address = network.fabric.peers[peer] ?? "";
  const follower = makeHeaderFollower({
    connect: () => connect(Number(address.split(":")[1]), "127.0.0.1"),
    endpoint: { name: "rpc", scheme: "grpcs", host: address, path: "" },
    depth: 0, from, genesisHash, terms: network.terms, settings, clock, log, pollMs: 50, crypto,
    onHeaders: (some, tip) => {
      headers.push(...some);
      tips.push(tip);
      more?.();
    },
  });
  return {
    headers,
    tips,
    logged,
    until: async (holds) => {
      while (!holds()) await new Promise<void>((resolve) => (more = resolve));
    },
    stop: follower.stop,
  };
};

test("a peer that takes the connection and then says nothing of its channel is given up in time", async (t) => {
  const sessions: ServerHttp2Session[] = [];
  const server = createHttp2Server().on("session", (session) => sessions.push(session)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const logged: Readonly<Record<string, Fact>>[] = [];
  const { promise: isLost, resolve: lost } = Promise.withResolvers<void>();
  const note = (_event: string, facts: Readonly<Record<string, Fact>> = {}): void => {
    logged.push(facts);
    lost();
  };
  const sooner = { ...clock, after: (ms: number, run: () => void) => clock.after(ms / 100, run) };
  const follower = makeHeaderFollower({
    connect: () => connect(port, "127.0.0.1"),
    endpoint: { name: "rpc", scheme: "grpc", host: `127.0.0.1:${port.toString()}`, path: "" },
    depth: 0, from: 1n, genesisHash: network.genesisHash, terms: network.terms, settings: network.settingsOf(network.user, "rpc"), clock: sooner,
    log: { info: note, warn: note, alarm: note }, pollMs: 50, crypto, onHeaders: () => undefined,
  });
  t.after(() => {
    follower.stop();
    for (const each of sessions) each.destroy();
    server.close();
  });
  await isLost;
  assert.equal(logged[0]?.["what"], "genesis");
});

const commit = async (name: string, args: readonly string[]): Promise<void> => {
  const outcome = await network.contract.submit(name, args);
  assert.equal(outcome.kind, "committed");
};

test("witnesses at peers of different organizations report the same linked hashes", async () => {
  await commit("emitter:nothing", ["w1"]);
  await commit("emitter:nothing", ["w2"]);
  const followed = [0, 1, 2].map((peer) => follow(peer, network.settingsOf(network.user, "rpc"), network.genesisHash));
  for (const each of followed) await each.until(() => each.headers.length >= 2);
  const said = followed.map(({ headers }) => headers.slice(0, 2).map(({ hash }) => toHex(hash)));
  assert.deepEqual(said[1], said[0]);
  assert.deepEqual(said[2], said[0]);
  const [first, second] = followed[0]?.headers ?? [];
  assert.equal(toHex(second?.parentHash ?? new Uint8Array(0)), toHex(first?.hash ?? new Uint8Array(1)));
  for (const each of followed) each.stop();
});

test("a witness that is asked from beyond the newest block says how far the quiet channel is, and then the block when it comes", async () => {
  const tip = await network.height();
  const asked = follow(0, network.settingsOf(network.user, "rpc"), network.genesisHash, tip + 1n);
  await asked.until(() => asked.tips.length > 0);
  assert.deepEqual([asked.tips, asked.headers.length], [[tip], 0]);
  await commit("emitter:nothing", ["beyond"]);
  await asked.until(() => asked.headers.length > 0);
  assert.deepEqual([asked.tips, asked.headers.map(({ height }) => height)], [[tip, tip + 1n], [tip + 1n]]);
  asked.stop();
});

test("a certificate of another key is refused before anything is signed", () => {
  const [first, second] = ["one", "two"].map((name) => openOrganization("Org1MSP", network.fabric.authorities.tls).member(name, "client"));
  assert.ok(first !== undefined && second !== undefined);
  const settings = decodeFabricSettings(network.settingsOf({ ...first, key: second.key }, "rpc"));
  assert.throws(() => makeIdentity(settings, null), { code: "fabric.config.identity" });
});

test("a peer of another channel, and a reader that the channel does not know, give coded words and no header", async () => {
  const other = follow(0, network.settingsOf(network.user, "rpc"), new Uint8Array(32).fill(9));
  await other.until(() => other.logged.includes("fabric.peer.genesis"));
  const stranger = openOrganization("Org1MSP", network.fabric.authorities.tls).member("reader", "client");
  const refused = follow(0, network.settingsOf(stranger, "rpc"), network.genesisHash);
  await refused.until(() => refused.logged.includes("fabric.peer.status"));
  assert.deepEqual([other.headers.length, refused.headers.length], [0, 0]);
  other.stop();
  refused.stop();
});

test("a peer whose certificate another authority signed is not spoken with", async () => {
  const settings = network.settingsOf(network.user, "elsewhere"); // the endpoint has no authority of its own then
  const followed = follow(0, settings, network.genesisHash);
  await followed.until(() => followed.logged.includes("fabric.peer.lost"));
  assert.equal(followed.headers.length, 0);
  followed.stop();
});

test("of transactions that race for one key each is committed once, the losers in new transactions", async () => {
  const outcomes = await Promise.all(Array.from({ length: 4 }, async () => network.contract.submit("emitter:count", ["hot"])));
  const kinds = outcomes.map(({ kind }) => kind).toSorted();
  assert.deepEqual(kinds, ["committed", "conflict", "conflict", "conflict"]);
  for (let left = 3; left > 0; left -= 1) await commit("emitter:count", ["hot"]);
  assert.equal(new TextDecoder().decode(await network.contract.evaluate("emitter:counted", ["hot"])), "4");
});
