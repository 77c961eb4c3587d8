import { connect } from "node:net";
import { devAccounts, startChain, startProxy } from "@crossguardian/devnet";
import { fromHex, to0x, toHex } from "@crossguardian/kernel";
import { decodeGatewayEvent, GATEWAY_TOPICS, verifyEvmEvents } from "@crossguardian/proof";
import { type PluginConfig } from "@crossguardian/protocol";
import { type NodeMode, type PluginWorld } from "@crossguardian/testkit";
import { makeEvmPlugin, openEndpoint } from "../src/index.ts";
import { HOSTILE_MODES, startHostileNode } from "./hostile-node.ts";
import { askNode, clock, crypto, until } from "./test-ports.ts";

/** Emits LOG3 with the first three words of its calldata as topics and the rest as data. */
const EMITTER = "60603603806060600037604035602035600035836000a300";
const EMITTER_INIT = `0x60${(EMITTER.length / 2).toString(16)}8060093d393df3${EMITTER}`;
const FROM_KEY = new Uint8Array(32).fill(7);
const TO_KEY = new Uint8Array(32).fill(9);
const DEPTH = 1;

const word = (value: number): string => value.toString(16).padStart(64, "0");

/** An EVM chain whose gateway contract is a bare emitter of events. */
export const makeEvmWorld = async (kind: "anvil" | "ganache", scheme: "ws" | "http"): Promise<PluginWorld> => {
  const undo: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    return await build(kind, scheme, undo, stop);
  } catch (error) {
    await stop();
    throw error;
  }
};

const build = async (
  kind: "anvil" | "ganache",
  scheme: "ws" | "http",
  undo: (() => Promise<void>)[],
  stop: () => Promise<void>,
): Promise<PluginWorld> => {
  const node = await startChain({ kind, chainId: 31, blockTimeMs: null });
  undo.push(node.stop);
  const proxies = await startProxy({ upstreams: [node.url] });
  undo.push(proxies.stop);
  const genesis = await askNode(node.url, "eth_getBlockByNumber", ["0x0", false]);
  const hostile = await startHostileNode(genesis);
  undo.push(hostile.stop);
  const [account] = devAccounts(1);
  const from = account!.address;
  const rpc = async (method: string, params: readonly unknown[] = []): Promise<any> => askNode(node.url, method, params);
  const gas = "0x30d40";
  const deploy = await rpc("eth_sendTransaction", [{ from, data: EMITTER_INIT, gas }]);
  let receipt: any = null; // a node that mines at once answers with the hash before the block is in
  await until("the emitter is deployed", async () => (receipt = await rpc("eth_getTransactionReceipt", [deploy])) !== null);
  const { contractAddress } = receipt;
  const contract = fromHex(contractAddress as string);
  let index = 0;
  let isHostile = false;
  const port = Number(new URL(proxies.urls[0]!).port);

  const mine = async (count: number): Promise<void> => {
    if (kind === "anvil") await rpc("anvil_mine", [`0x${count.toString(16)}`]);
    else for (let at = 0; at < count; at += 1) await rpc("evm_mine");
  };

  const config: PluginConfig = {
    chain: "testchain",
    kind: 1,
    endpoints: [{ name: "node", scheme, host: "127.0.0.1", path: "/" }],
    numericId: 31n,
    genesisHash: fromHex(genesis.hash as string),
    contract,
    depth: DEPTH,
    pollMs: 50,
    maxEntriesPerTransaction: 50,
    maxGas: 10_000_000n,
    executeGas: 200_000,
    settleGas: 100_000,
    cancelGas: 100_000,
    intake: "", terms: new Uint8Array(0), settings: new Uint8Array(0),
  };

  return {
    chain: config.chain,
    depth: DEPTH,
    emit: async (count) => {
      const ids: string[] = [];
      const hashes: string[] = [];
      if (kind === "anvil") await rpc("evm_setAutomine", [false]);
      else await rpc("miner_stop");
      for (let at = 0; at < count; at += 1) {
        index += 1;
        ids.push(String(index));
        const data = `0x${toHex(GATEWAY_TOPICS.settled)}${toHex(FROM_KEY)}${toHex(TO_KEY)}${word(index)}${word(3)}`;
        hashes.push(await rpc("eth_sendTransaction", [{ from, to: contractAddress, data, gas }]));
      }
      if (kind === "anvil") {
        await mine(1);
        await rpc("evm_setAutomine", [true]);
      } else await rpc("miner_start");
      await until("the events are mined", async () => (await rpc("eth_getTransactionReceipt", [hashes.at(-1)])) !== null);
      await mine(DEPTH);
      return ids;
    },
    emptyBlocks: mine,
    height: async () => BigInt(await rpc("eth_blockNumber")),
    hostileModes: HOSTILE_MODES,
    setNode: async (mode: NodeMode) => {
      isHostile = mode.startsWith("hostile-");
      hostile.mode = mode;
      hostile.drop();
      if (mode === "garble") await proxies.set(0, { kind: "garble", field: "receiptsRoot" });
      else if (mode === "pass" || mode === "cut" || mode === "stall" || mode === "error") await proxies.set(0, mode);
      else await proxies.set(0, "cut");
    },
    makePlugin: ({ say, log }) => {
      const plugin = makeEvmPlugin(
        {
          endpoints: config.endpoints.map((endpoint) =>
            openEndpoint(() => connect(isHostile ? hostile.port : port, "127.0.0.1"), endpoint),
          ),
          say,
          keccak256: crypto.keccak256,
          secp256k1: crypto.secp256k1,
          accountKey: new Uint8Array(32).fill(5),
          clock,
          log,
        },
        config,
      );
      return plugin;
    },
    prove: ({ evidence, places, height }) => {
      const proven = verifyEvmEvents(crypto, evidence, places);
      if (!proven.ok) throw new Error(proven.failure.code);
      if (proven.value.height !== height) throw new Error("another height");
      return proven.value.events.map((log) => {
        if (to0x(log.address) !== contractAddress) throw new Error("another contract");
        const event = decodeGatewayEvent(log);
        if (!event.ok) throw new Error(event.failure.code);
        return event.value.index.toString();
      });
    },
    stop,
  };
};
