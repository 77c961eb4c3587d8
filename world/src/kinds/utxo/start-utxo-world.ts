import { createHash } from "node:crypto";
import { type AddressInfo, createServer } from "node:net";
import { once } from "node:events";

import { devAccounts, startUtxoChain, keyHashOf, payToKey, publicKeyOf, signSpend, type SignedTransaction } from "@crossguardian/devnet";
import { compareBytes, fromHex, keyLabel, toHex } from "@crossguardian/kernel";
import { type UtxoNode } from "@crossguardian/plugin-utxo";
import { sha256d, utxoTerms } from "@crossguardian/proof";
import { wordOf } from "@crossguardian/protocol";
import { payToProgram, poolProgram, poolScript, poolSettings, type PoolSettings } from "@crossguardian/utxo";
import { encodeMessage } from "@crossguardian/wire";

import { type ChainPlan, numericIdOf, peersOf, vaultOf } from "../../world.ts";
import { type ForeignFacts } from "../foreign-facts.ts";
import { type ForeignKind, type ForeignOrder, type StartedForeign } from "../foreign-chain.ts";
import { openUtxoNode, REGTEST_LIMIT_BITS } from "./open-node.ts";

/** Label of a signer's key below its slot (relay-chain, sign-in-domain). */
const SIGNER_KEY_LABEL = keyLabel("utxo-signer");
const GOVERNANCE_LABEL = keyLabel("governance-key");
/** Governance may move an output of the pool that has lain for so many blocks: a development chain makes them in half an hour. */
const RECOVERY_BLOCKS = 8_064;
const RESERVE_SATS = 2_000_000n;
const STEP_FEE_SATS = 2_000n;
const COINS_PER_USER = 40;
const COIN_SATS = 100_000n;
const FUNDING_FEE = 20_000n;
const MIN_DEPTH = 1;
/** Every block is read over JSON-RPC by many domains. */
const LEAST_BLOCK_TIME_MS = 1_000;
const LOOK_MS = 100;
const NO_GENESIS = new Uint8Array(32);

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
};

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());

const awaitMined = async (node: UtxoNode, from: bigint, txid: Uint8Array): Promise<bigint> => {
  for (let height = from; ; ) {
    if ((await node.tip()) < height) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      continue;
    }
    const { transactions } = await node.block(height);
    if (transactions.some((each) => toHex(each.txid) === toHex(txid))) return height;
    height += 1n;
  }
};

/** The first coin of the miner's key, which has paid for nothing yet. */
const firstCoin = async (node: UtxoNode): Promise<{ readonly txid: Uint8Array; readonly vout: number; readonly value: bigint }> => {
  const [coinbase] = (await node.block(1n)).transactions;
  if (coinbase === undefined) throw new Error("no coin to begin with");
  return { txid: coinbase.txid, vout: 0, value: coinbase.transaction.outputs[0]?.value ?? 0n };
};

const fundAll = (order: ForeignOrder, key: Uint8Array, coin: Parameters<typeof signSpend>[2][number], poolOutput: Uint8Array): SignedTransaction => {
  const users = order.users.flatMap(({ privateKey }) => Array.from({ length: COINS_PER_USER }, () => ({ value: COIN_SATS, script: payToKey(publicKeyOf(fromHex(privateKey))) })));
  const change = coin.value - RESERVE_SATS - COIN_SATS * BigInt(users.length) - FUNDING_FEE;
  return signSpend(order.powers.crypto, key, [coin], [{ value: RESERVE_SATS, script: poolOutput }, ...users, { value: change, script: payToKey(publicKeyOf(key)) }]);
};

const signerKeysOf = (order: ForeignOrder): readonly { readonly name: string; readonly publicKey: Uint8Array; readonly address: Uint8Array }[] => {
  const { crypto, slots } = order.powers;
  return Array.from({ length: order.topology.validators }, (_, at) => {
    const name = `signer-${order.name.toLowerCase()}-${at + 1}`;
    const key = crypto.deriveKey(slots.rootOf(name), SIGNER_KEY_LABEL);
    return { name, publicKey: publicKeyOf(key), address: crypto.secp256k1.address(key) };
  }).sort((left, right) => compareBytes(left.publicKey, right.publicKey));
};

const governorKeysOf = ({ powers: { crypto, slots }, terms }: ForeignOrder): readonly Uint8Array[] =>
  terms.governorKeys.map((_, at) => publicKeyOf(crypto.deriveKey(slots.rootOf(`governor-${at + 1}`), GOVERNANCE_LABEL))).sort(compareBytes);

/** Starts a development chain with a funded pool; its contract is its signers, which start with the relay chain. */
export const startUtxo: ForeignKind["start"] = async (order): Promise<StartedForeign> => {
  const { name, topology, terms, dev, powers } = order;
  const [miner] = devAccounts(1);
  if (miner === undefined) throw new Error("no development account");
  const key = fromHex(miner.privateKey);
  const chain = await startUtxoChain({ blockTimeMs: Math.max(dev.blockTimeMs ?? LEAST_BLOCK_TIME_MS, LEAST_BLOCK_TIME_MS), keyHash: toHex(keyHashOf(publicKeyOf(key))), outlive: order.outlive });
  try {
    const genesisHash = sha256d(sha256, await openUtxoNode(powers.crypto, chain.url, NO_GENESIS).headerBytes(0n));
    const node = openUtxoNode(powers.crypto, chain.url, genesisHash);
    const signers = signerKeysOf(order);
    const script = poolScript({
      threshold: terms.threshold,
      signers: signers.map(({ publicKey }) => publicKey),
      recovery: { blocks: RECOVERY_BLOCKS, threshold: terms.governanceThreshold, governors: governorKeysOf(order) },
    });
    const program = poolProgram(sha256, script);
    const height = await node.tip();
    const funding = fundAll(order, key, await firstCoin(node), payToProgram(program));
    await node.send(funding.raw);
    const startHeight = await awaitMined(node, height, funding.txid);
    const ports = await Promise.all(signers.map(async () => freePort()));
    const peers = peersOf(topology, name).map((peer) => order.remoteOf(peer));
    const numericId = numericIdOf(program);
    const depth = Math.max(MIN_DEPTH, dev.depth);
    const settings: PoolSettings = {
      chain: name, chainWord: wordOf(numericId), relayGenesis: terms.relayGenesis, epoch: 1n, validators: terms.validators, validatorThreshold: terms.threshold,
      script, threshold: terms.threshold, signers: signers.map(({ address }) => address), funding: funding.encoded,
      peers: peers.map(({ vault, chainWord, contractWord }) => ({ service: vault, chain: chainWord, contract: contractWord })),
      service: vaultOf(name), limitBits: REGTEST_LIMIT_BITS, depth, feeSats: STEP_FEE_SATS, startHeight,
    };
    const foreign: ForeignFacts = {
      contract: program,
      vault: program,
      data: null,
      terms: encodeMessage(utxoTerms, { limitBits: REGTEST_LIMIT_BITS, service: vaultOf(name), peers: peers.map(({ vault }) => vault) }),
      pluginSettings: encodeMessage(poolSettings, settings),
      witnessSettings: new Uint8Array(0),
      pluginEndpoints: signers.map((each, at) => ({ name: each.name, url: `tcp://127.0.0.1:${ports[at] ?? 0}` })),
      signers: signers.map((each, at) => ({ name: each.name, port: ports[at] ?? 0 })),
    };
    const urls = (count: number): string[] => Array.from({ length: count }, () => chain.url);
    const plan: ChainPlan & { readonly foreign: ForeignFacts } = {
      name, kind: "utxo", numericId, url: chain.url, depth, genesisHash, foreign, deployHeight: Number(startHeight),
      gateway: topology.gateways.find(({ chains }) => chains.includes(name))?.name ?? "",
      witnessUrls: urls(topology.witnesses),
      validatorUrls: Array.from({ length: topology.validators }, () => urls(topology.witnesses)),
    };
    return { plan, node: chain, deploy: async () => undefined };
  } catch (error) {
    await chain.stop();
    throw error;
  }
};
