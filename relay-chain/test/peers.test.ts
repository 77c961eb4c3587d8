import assert from "node:assert/strict";
import { createServer } from "node:net";
import { join } from "node:path";
import test from "node:test";
import { equalBytes } from "@crossguardian/kernel";
import { cidOf, type Message } from "@crossguardian/wire";
import { connectSocket, parseSocketAddress } from "../src/adapters/listen.ts";
import { prepareValidatorVolume } from "../src/adapters/open-logs.ts";
import { runArchive } from "../src/adapters/run-archive.ts";
import { runOrderer } from "../src/adapters/run-orderer.ts";
import { runValidator, VALIDATOR_KEY_LABEL } from "../src/adapters/run-validator.ts";
import { makeStreamLink } from "../src/adapters/stream-link.ts";
import { type LogLine, makeTestLog, testClock, until, withFolder } from "./support/test-cluster.ts";
import { makeTestWorld } from "./support/test-world.ts";

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });

test("orderer, validators and an archive over TCP: a body deleted at the orderer comes back from the archive by bitswap", async () => {
  const seed = await makeTestWorld();
  const roots = [1, 2, 3, 4].map((each) => new Uint8Array(32).fill(each));
  const keys = roots.map((root) => seed.crypto.secp256k1.address(seed.crypto.deriveKey(root, VALIDATOR_KEY_LABEL)));
  const world = await makeTestWorld(4, 3, keys);
  await withFolder(async (folder) => {
    const lines: LogLine[] = [];
    const failed = (error: unknown): never => {
      throw error;
    };
    const host = { crypto: world.crypto, clock: testClock, log: makeTestLog(lines), random: world.crypto.random, failed };
    const listen = `tcp://127.0.0.1:${(await freePort()).toString()}`;
    const base = {
      genesis: world.genesisBytes,
      listen,
      maxBlockEntries: 1000,
      busyLingerMs: 5,
      openLanePerMinute: 10,
      acceptOpenLane: true,
      p2pListen: "/ip4/127.0.0.1/tcp/0",
    };
    const orderer = await runOrderer({ ...host, rootKey: new Uint8Array(32).fill(9), dataPath: join(folder, "orderer") }, { ...base, peers: [] });
    const connect = (): ReturnType<typeof connectSocket> => connectSocket(parseSocketAddress(listen));
    const validators = [];
    for (const [at, rootKey] of roots.entries()) {
      const dataPath = join(folder, `v${at.toString()}`);
      await prepareValidatorVolume(dataPath);
      const config = {
        name: `v${at.toString()}`,
        genesis: world.genesisBytes,
        orderer: { name: "orderer", scheme: "tcp", host: "", path: "" },
        chains: [],
        pollMs: 100,
        retryMs: 500,
      };
      validators.push(await runValidator({ ...host, connect, rootKey, dataPath }, config));
    }
    await until("the orderer's IPFS node is open", () => orderer.addresses().length > 0);
    const archive = await runArchive(
      { ...host, rootKey: new Uint8Array(32).fill(8), dataPath: join(folder, "archive") },
      { ...base, peers: [...orderer.addresses()] },
    );
    const registration = world.registration(world.document(1n));
    await orderer.orderer.register(registration);
    await until("archived", () => archive.height() === 1n);
    const cid = cidOf(world.crypto.sha256, registration);
    assert.equal(archive.bodies.has(cid), true);
    orderer.bodies.remove(cid);
    orderer.orderer.forgetRecent();
    const got: Message<"bodies">[] = [];
    let isUp = false;
    const link = makeStreamLink(connect(), {
      handlers: {
        relayChallenge: () => {
          isUp = link.send("relayHello", { role: 1, name: "g1", height: 0n, signature: new Uint8Array(65) });
        },
        bodies: (message) => got.push(message),
      },
      onClose: () => undefined,
      onDrain: () => undefined,
    });
    let asked = 0;
    await until("challenge", () => isUp);
    await until("body", () => {
      if (got.some(({ bodies }) => bodies.some(({ body }) => equalBytes(body, registration)))) return true;
      if (asked === got.length) asked += link.send("wantBodies", { cids: [cid] }) ? 1 : 0;
      return false;
    });
    assert.equal(got[0]?.bodies[0]?.body.length, 0);
    assert.equal(orderer.bodies.has(cid), true);
    link.close("");
    await archive.stop();
    for (const each of validators) await each.stop();
    await orderer.stop();
  });
});
