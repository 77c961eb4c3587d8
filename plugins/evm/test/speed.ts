import { connect } from "node:net";
import { devAccounts, startChain } from "@crossguardian/devnet";
import { fromHex, toHex, type Clock } from "@crossguardian/kernel";
import { makeCrypto } from "@crossguardian/crypto";
import { GATEWAY_TOPICS, verifyEvmEvents } from "@crossguardian/proof";
import { type Message } from "@crossguardian/wire";
import { makeEvmPlugin, openEndpoint } from "../src/index.ts";

/** Time of an idle step and CPU per event of the scanner; prints one line each. */
const BLOCKS = 8;
const EVENTS_PER_BLOCK = 400;
const IDLE_STEPS = 40;
const DATA_BYTES = 700;
const EMITTER = "60603603806060600037604035602035600035836000a300";

const clock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};
const crypto = await makeCrypto();
const chain = await startChain({ kind: "anvil", chainId: 31, blockTimeMs: null });
type Answered = { readonly hash: string; readonly contractAddress: string };
const rpc = async (calls: readonly [string, readonly unknown[]][]): Promise<unknown[]> => {
  const answer = await fetch(chain.url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(calls.map(([method, params], id) => ({ jsonrpc: "2.0", id, method, params }))),
  });
  return ((await answer.json()) as { result: unknown }[]).map(({ result }) => result);
};
const from = devAccounts(1)[0]?.address;
const [deploy] = await rpc([["eth_sendTransaction", [{ from, data: `0x60${(EMITTER.length / 2).toString(16)}8060093d393df3${EMITTER}` }]]]);
const [deployed, genesis] = (await rpc([["eth_getTransactionReceipt", [deploy]], ["eth_getBlockByNumber", ["0x0", false]]])) as [Answered, Answered];
const { contractAddress } = deployed;
const data = `0x${toHex(GATEWAY_TOPICS.settled)}${"07".repeat(32)}${"09".repeat(32)}${"5a".repeat(DATA_BYTES)}`;
let nonce = 1;
const emission = (): [string, readonly unknown[]] => {
  const call = { from, to: contractAddress, data, gas: "0x30d40", nonce: `0x${nonce.toString(16)}` };
  nonce += 1;
  return ["eth_sendTransaction", [call]];
};

let seen = 0;
let onSeen = (): void => undefined;
const pieces: Message<"observed">["blocks"][number][] = [];
const silent = { info: () => undefined, warn: () => undefined, alarm: console.error };
const plugin = makeEvmPlugin(
  {
    endpoints: [openEndpoint(() => connect(Number(new URL(chain.url).port), "127.0.0.1").setNoDelay(true), { name: "n", scheme: "ws", host: "127.0.0.1", path: "/" })],
    keccak256: crypto.keccak256,
    secp256k1: crypto.secp256k1,
    accountKey: new Uint8Array(32).fill(3),
    clock,
    log: silent,
    say: (name, message) => {
      if (name !== "observed") return true;
      for (const piece of (message as Message<"observed">).blocks) {
        seen += piece.places.length;
        pieces.push(piece);
      }
      onSeen();
      return true;
    },
  },
  {
    ...{ chain: "a", kind: 1, endpoints: [], numericId: 31n, genesisHash: fromHex(genesis.hash), contract: fromHex(contractAddress) },
    ...{ depth: 0, pollMs: 500, maxEntriesPerTransaction: 50, maxGas: 10_000_000n, executeGas: 1, settleGas: 1, cancelGas: 1, intake: "", terms: new Uint8Array(0), settings: new Uint8Array(0) },
  },
);
const waitFor = async (count: number): Promise<void> =>
  new Promise((resolve) => {
    onSeen = () => {
      if (seen >= count) resolve();
    };
    onSeen();
  });

plugin.scan({ chain: "a", from: 1n, grants: 1000, restart: true });
const steps: number[] = [];
for (let at = 0; at < IDLE_STEPS; at += 1) {
  await new Promise((resolve) => setTimeout(resolve, 30));
  const wanted = seen + 1;
  const arrived = waitFor(wanted);
  await rpc([emission()]);
  const mined = performance.now();
  await arrived;
  steps.push(Math.max(0, performance.now() - mined));
}
steps.sort((left, right) => left - right);
console.log(`idle: from mined to told p50 ${steps[IDLE_STEPS / 2]?.toFixed(2)} ms, p90 ${steps[Math.floor(IDLE_STEPS * 0.9)]?.toFixed(2)} ms`);

for (let round = 0; round < 3; round += 1) {
  const first = BigInt((await rpc([["eth_blockNumber", []]]))[0] as string) + 1n;
  plugin.scan({ chain: "a", from: first + 1_000_000n, grants: 0, restart: true });
  await rpc([["evm_setAutomine", [false]]]);
  for (let block = 0; block < BLOCKS; block += 1) {
    await rpc(Array.from({ length: EVENTS_PER_BLOCK }, emission));
    await rpc([["evm_mine", []]]);
  }
  await rpc([["evm_setAutomine", [true]]]);
  seen = 0;
  pieces.length = 0;
  const cpu = process.cpuUsage();
  const begun = performance.now();
  plugin.scan({ chain: "a", from: first, grants: 1000, restart: true });
  await waitFor(BLOCKS * EVENTS_PER_BLOCK);
  const used = process.cpuUsage(cpu);
  const events = BLOCKS * EVENTS_PER_BLOCK;
  console.log(`load: ${((used.user + used.system) / events).toFixed(1)} us CPU per event, ${(events / (performance.now() - begun)).toFixed(1)} events per ms, ${pieces.length} blocks`);
  const before = process.cpuUsage();
  for (const piece of pieces) if (!verifyEvmEvents(crypto, piece.evidence, piece.places).ok) throw new Error("not proven");
  const verified = process.cpuUsage(before);
  console.log(`verify: ${((verified.user + verified.system) / events).toFixed(1)} us CPU per event`);
}
plugin.stop();
await chain.stop();
