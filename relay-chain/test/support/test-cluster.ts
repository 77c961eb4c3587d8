import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Duplex, duplexPair } from "node:stream";
import { type Clock, type Fact, type Log } from "@crossguardian/kernel";
import { type WitnessedHeader } from "@crossguardian/protocol";
import { openOrdererLogs, openValidatorLogs, prepareValidatorVolume } from "../../src/adapters/open-logs.ts";
import { makeStreamLink } from "../../src/adapters/stream-link.ts";
import { stayConnected } from "../../src/adapters/stay-connected.ts";
import { type LinkHandlers, type Link } from "../../src/link/link.ts";
import { makeOrderer, type Orderer } from "../../src/orderer/orderer.ts";
import { type OrdererRules } from "../../src/orderer/orderer-powers.ts";
import { serveConnection } from "../../src/orderer/serve-connection.ts";
import { type ChainWatch, makeChainWatch } from "../../src/validator/chain-watch.ts";
import { makeValidator, type Validator } from "../../src/validator/validator.ts";
import { type TestWorld } from "./test-world.ts";

/** A log that is kept for assertions. */
export type LogLine = { readonly level: string; readonly event: string; readonly facts: Readonly<Record<string, Fact>> };

/** Real time, but timers do not keep a test alive. */
export const testClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

export const makeTestLog = (lines: LogLine[]): Log => {
  const at = (level: string) => (event: string, facts: Readonly<Record<string, Fact>> = {}) => {
    lines.push({ level, event, facts });
    if (process.env["CG_TEST_LOG"] !== undefined) console.error(level, event, facts);
  };
  return { info: at("info"), warn: at("warn"), alarm: at("alarm") };
};

export type RunningTestOrderer = { readonly orderer: Orderer; readonly connect: () => Duplex; readonly stop: () => Promise<void> };
export type RunningTestValidator = {
  readonly validator: Validator;
  readonly watches: ReadonlyMap<string, ChainWatch>;
  readonly stop: () => Promise<void>;
};

/** An orderer over real files and in-memory connections. */
export const startOrderer = async (
  world: TestWorld,
  folder: string,
  lines: LogLine[],
  rules: Partial<OrdererRules> = {},
): Promise<RunningTestOrderer> => {
  const log = makeTestLog(lines);
  const plan = { hashes: world.hashes, secp256k1: world.crypto.secp256k1, sha256: world.crypto.sha256, log };
  const logs = await openOrdererLogs(plan, folder, world.genesis);
  const powers = { ...plan, ...logs, clock: testClock, random: world.crypto.random, fetchBody: null };
  const all = { maxBlockEntries: 2048, busyLingerMs: 5, openLanePerMinute: 100, acceptOpenLane: true, ...rules };
  const orderer = makeOrderer(powers, all, logs.start, (error) => {
    lines.push({ level: "alarm", event: "failed", facts: { error: String(error) } });
  });
  const ends: Duplex[] = [];
  let isStopped = false;
  const { keccak256, secp256k1, random } = world.crypto;
  return {
    orderer,
    connect: () => {
      const [near, far] = duplexPair();
      ends.push(near, far);
      if (isStopped) {
        near.destroy();
        return near;
      }
      serveConnection({ orderer, rules: all, keccak256, secp256k1, clock: testClock, random, log }, (events) => makeStreamLink(far, events));
      return near;
    },
    stop: async () => {
      isStopped = true;
      for (const each of ends) each.destroy();
      await orderer.stop();
      await Promise.all([logs.orders.close(), logs.chain.close(), logs.bodies.close()]);
    },
  };
};

/** A validator over real files; its headers are reported by hand through `watches`. */
export const startValidator = async (
  world: TestWorld,
  index: number,
  folder: string,
  connect: () => Duplex,
  lines: LogLine[],
  clock: Clock = testClock,
): Promise<RunningTestValidator> => {
  const log = makeTestLog(lines);
  const key = world.validators[index]!;
  const plan = { hashes: world.hashes, secp256k1: world.crypto.secp256k1, log };
  const { journal, start, mayVote } = await openValidatorLogs(plan, folder, world.genesis, key.address);
  const watches = new Map<string, ChainWatch>();
  for (const side of [world.sides.a, world.sides.b]) {
    watches.set(side.name, makeChainWatch({ clock, log, setFrom: () => undefined }, side.name, { n: 1, k: 1 }, 1n));
  }
  const powers = {
    ...plan,
    sha256: world.crypto.sha256,
    openCertificate: world.crypto.openCertificate,
    watchOf: (chain: string) => watches.get(chain) ?? null,
    privateKey: key.privateKey,
    clock,
    journal,
  };
  const validator = makeValidator(powers, `v${index.toString()}`, start, {
    mayVote,
    onRegistry: () => undefined,
    failed: (error) => {
      lines.push({ level: "alarm", event: "failed", facts: { error: String(error) } });
    },
  });
  const connection = stayConnected({ connect, handlersFor: validator.handlersFor, clock: testClock, log });
  return {
    validator,
    watches,
    stop: async () => {
      connection.stop();
      await journal.close();
    },
  };
};

/** A client or gateway of the orderer: what it got, by message. */
export type TestClient = {
  readonly link: () => Link;
  readonly got: { name: string; message: unknown }[];
  readonly next: <T>(what: string, find: (name: string, message: never) => T | null) => Promise<T>;
};

/** Waits until `find` gives a value, at most `timeoutMs`. */
export const until = async <T>(what: string, find: () => T | null | undefined | false, timeoutMs = 20_000): Promise<T> => {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const value = find();
    if (value !== null && value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`not within ${timeoutMs.toString()} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
};

/** Connects as a gateway ("g1", ...) or, with "", as a client that follows everything. */
export const connectClient = async (running: RunningTestOrderer, name: string, follow = true): Promise<TestClient> => {
  let isUp = false;
  const got: { name: string; message: unknown }[] = [];
  const note = (kind: string) => (message: unknown) => {
    got.push({ name: kind, message });
  };
  const handlers: LinkHandlers = {
    relayChallenge: () => {
      link.send("relayHello", { role: name === "" ? 3 : 1, name, height: 0n, signature: new Uint8Array(65) });
      if (follow) link.send("wantBlocks", { from: 1n });
      isUp = true;
    },
    publishAck: note("publishAck"),
    block: note("block"),
    bodies: note("bodies"),
    registrationAck: note("registrationAck"),
    relayRefusal: note("relayRefusal"),
  };
  const link: Link = makeStreamLink(running.connect(), { handlers, onClose: () => undefined, onDrain: () => undefined });
  await until("challenge", () => isUp);
  return {
    link: () => link,
    got,
    next: (what, find) => until(what, () => got.map((each) => find(each.name, each.message as never)).find((each) => each !== null)),
  };
};

/** A folder that goes away with the test. */
export const withFolder = async (run: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "crossguardian-relay-"));
  try {
    await run(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** An orderer, its validators, and the registered world. */
export type Cluster = {
  readonly world: TestWorld;
  readonly lines: LogLine[];
  readonly folder: string;
  orderer: RunningTestOrderer;
  readonly validators: RunningTestValidator[];
  readonly witness: (chain: string, headers: readonly WitnessedHeader[]) => void;
  readonly restartOrderer: (change?: (folder: string) => Promise<void>) => Promise<void>;
  readonly restartValidator: (index: number, change?: (folder: string) => Promise<void>) => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** Starts an orderer and validators (but those in `without`) and registers the world's chains, services and gateways. */
export const startCluster = async (
  world: TestWorld,
  folder: string,
  options: { readonly without?: readonly number[]; readonly rules?: Partial<OrdererRules>; readonly isRegistered?: boolean } = {},
): Promise<Cluster> => {
  const lines: LogLine[] = [];
  const ordererFolder = join(folder, "orderer");
  const folderOf = (index: number): string => join(folder, `validator-${index.toString()}`);
  const headers: { chain: string; headers: readonly WitnessedHeader[] }[] = [];
  let orderer = await startOrderer(world, ordererFolder, lines, options.rules);
  const connect = (): Duplex => cluster.orderer.connect();
  const replay = (running: RunningTestValidator): void => {
    for (const each of headers) running.watches.get(each.chain)?.report("w", each.headers, 0n);
  };
  const cluster: Cluster = {
    world,
    lines,
    folder,
    orderer,
    validators: [],
    witness: (chain, more) => {
      headers.push({ chain, headers: more });
      for (const each of cluster.validators) each.watches.get(chain)?.report("w", more, 0n);
    },
    restartOrderer: async (change) => {
      await cluster.orderer.stop();
      await change?.(ordererFolder);
      orderer = await startOrderer(world, ordererFolder, lines, options.rules);
      cluster.orderer = orderer;
    },
    restartValidator: async (index, change) => {
      await cluster.validators[index]?.stop();
      await change?.(folderOf(index));
      const running = await startValidator(world, index, folderOf(index), connect, lines);
      replay(running);
      cluster.validators[index] = running;
    },
    stop: async () => {
      for (const each of cluster.validators) await each.stop();
      await cluster.orderer.stop();
    },
  };
  for (let index = 0; index < world.validators.length; index += 1) {
    if (options.without?.includes(index) === true) continue;
    await prepareValidatorVolume(folderOf(index));
    cluster.validators[index] = await startValidator(world, index, folderOf(index), connect, lines);
  }
  if (options.isRegistered !== false) {
    await cluster.orderer.orderer.register(world.registration(world.document(1n)));
    await until("registration", () => cluster.orderer.orderer.registry().nonce === 1n);
  }
  return cluster;
};

/** A batch with one request of chain A, in a block that is witnessed now. */
export const publishOf = (cluster: Cluster, index: bigint): Uint8Array => {
  const { world } = cluster;
  const request = world.request(index);
  const block = world.sides.a.chain.mine([request.log]);
  const evidence = block.evidence([0]);
  cluster.witness("chainA", [block]);
  const entries = [{ ibtp: world.requestIbtp(request, block, evidence), evidence: 0, tx: 0, log: 0 }];
  return world.publish({ batchId: index, evidences: [{ chain: "chainA", height: block.height, evidence }], entries });
};

/** Validators 0 and 1 are stopped, and the orderer has a batch that therefore too few accept. */
export const takeInWithTwoAway = async (cluster: Cluster): Promise<void> => {
  for (const index of [0, 1]) await cluster.validators[index]?.stop();
  const g1 = await connectClient(cluster.orderer, "g1");
  g1.link().sendEncoded("publish", publishOf(cluster, 1n));
  await until("taken in", () => cluster.orderer.orderer.status().pendingBatches === 1);
};
