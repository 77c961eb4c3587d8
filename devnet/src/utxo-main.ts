import { createRequire } from "node:module";
import process from "node:process";

type Address = object;
type Block = object;
type FullNode = {
  readonly ensure: () => Promise<void>;
  readonly open: () => Promise<void>;
  readonly connect: () => Promise<void>;
  readonly close: () => Promise<void>;
  readonly miner: { readonly addAddress: (address: Address) => void; readonly mineBlock: () => Promise<Block> };
  readonly chain: { readonly add: (block: Block) => Promise<unknown> };
};
type Bcoin = {
  readonly FullNode: new (options: Readonly<Record<string, unknown>>) => FullNode;
  readonly Address: { readonly fromWitnessPubkeyhash: (hash: Buffer) => Address };
};

/** Blocks before anything: segregated witness is active on regtest from 432 on, and the first coins can be spent. */
const FIRST_BLOCKS = 450;

// bcoin's murmur hash has no prebuilt part: its JavaScript is asked for by this variable (mrmr).
process.env["NODE_BACKEND"] = "js";
const { FullNode, Address } = createRequire(import.meta.url)("bcoin") as Bcoin; // the package has no types; these are the parts that are used

/** A regtest node in memory that mines to one key: `{port, blockTimeMs, keyHash}` as the only argument; a block time of 0 mines on `generate` alone. */
const { port, blockTimeMs, keyHash } = JSON.parse(process.argv[2] ?? "{}") as { readonly port: number; readonly blockTimeMs: number; readonly keyHash: string }; // written by start-utxo.ts

const node = new FullNode({
  network: "regtest", memory: true, httpHost: "127.0.0.1", httpPort: port, noAuth: true, listen: false, workers: false, logLevel: "none", logConsole: false, argv: false, env: false, config: false,
});
await node.ensure();
await node.open();
node.miner.addAddress(Address.fromWitnessPubkeyhash(Buffer.from(keyHash, "hex")));
const mine = async (): Promise<void> => {
  await node.chain.add(await node.miner.mineBlock());
};
for (let left = FIRST_BLOCKS; left > 0; left -= 1) await mine();
await node.connect();
process.stdout.write("ready\n");

let isEnding = false;
const next = (): void => {
  if (!isEnding && blockTimeMs > 0) setTimeout(() => void mine().then(next, () => process.exit(1)), blockTimeMs);
};
next();
process.on("SIGTERM", () => {
  isEnding = true;
  void node.close().finally(() => process.exit(0));
});
