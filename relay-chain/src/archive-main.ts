import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { makeCrypto } from "@crossguardian/crypto";
import { type Clock, type Log } from "@crossguardian/kernel";
import { runArchive } from "./adapters/run-archive.ts";

/**
 * An archive outside of any house: follows an orderer, keeps every block and body, serves them to listed peers.
 * `node relay-chain/src/archive-main.ts --genesis FILE --orderer tcp://host:port --data FOLDER --listen MULTIADDR [--peer MULTIADDR]... [--key FILE]`
 * The genesis file is the encoded relay genesis document; without a key file the peer identity derives from the folder's name.
 */
const USAGE = "archive-main --genesis FILE --orderer tcp://host:port --data FOLDER --listen MULTIADDR [--peer MULTIADDR]... [--key FILE]";

const { values } = parseArgs({
  options: {
    genesis: { type: "string" },
    orderer: { type: "string" },
    data: { type: "string" },
    listen: { type: "string", default: "" },
    peer: { type: "string", multiple: true, default: [] },
    key: { type: "string" },
  },
});
const { genesis, orderer, data } = values;
if (genesis === undefined || orderer === undefined || data === undefined) {
  console.error(USAGE);
  process.exit(64);
}

const clock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};
const line =
  (level: string): Log["info"] =>
  (event, facts = {}) => {
    const text = JSON.stringify({ level, event, ...facts }, (_key, value: unknown) => (typeof value === "bigint" ? value.toString() : value));
    console.log(text);
  };
const log: Log = { info: line("info"), warn: line("warn"), alarm: line("alarm") };

const rootKey = values.key === undefined ? createHash("sha256").update(data).digest() : await readFile(values.key);
const archive = await runArchive(
  {
    crypto: await makeCrypto(),
    clock,
    log,
    random: { bytes: (length) => new Uint8Array(randomBytes(length)) },
    rootKey: new Uint8Array(rootKey.subarray(0, 32)),
    dataPath: data,
    failed: (error) => {
      log.alarm("relaychain.archive.failed", { error: error instanceof Error ? error.message : "unknown" });
      process.exit(74);
    },
  },
  {
    genesis: new Uint8Array(await readFile(genesis)),
    listen: orderer,
    p2pListen: values.listen,
    peers: values.peer,
    maxBlockEntries: 0,
    busyLingerMs: 0,
    openLanePerMinute: 0,
    acceptOpenLane: false,
  },
);
log.info("relaychain.archive.addresses", { addresses: archive.addresses().join(" ") });
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    void archive.stop().then(() => process.exit(0));
  });
}
