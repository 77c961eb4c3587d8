import { gatewayAbi } from "@crossguardian/contracts-evm";
import { makeCrypto } from "@crossguardian/crypto";
import { devAccounts, startChain } from "@crossguardian/devnet";
import { compareBytes, fromHex, to0x } from "@crossguardian/kernel";
import { makeEntriesTree, makeHashes, type Target, wordOf, wordOfBytes } from "@crossguardian/protocol";
import { ENTRY_KIND, type EntryFacts, TX_STATUS, type TxStatus } from "@crossguardian/wire";
import {
  awaitReceipts,
  deployContracts,
  type Deployment,
  makeRpc,
  plannedDeployment,
  type Rpc,
  signAscending,
  signRaw,
  vaultOf,
} from "@crossguardian/world";
import { encodeFunctionData, type Hex } from "viem";

import { lockCall } from "./lock-call.ts";

/** What a program reaches that drives the same contracts directly, without gateways: the limit on this machine. */
export type Limit = { readonly perSecond: number; readonly transfers: number; readonly seconds: number };

const BATCH = 100;
const TIMEOUT_MS = 120_000n;
const GAS_PER_ENTRY = 450_000n;
const BASE_GAS = 2_000_000n;
const GAS_PRICE_WEI = 3_000_000_000n;
const AMOUNT = 10n ** 18n;
const FIRST_CHAIN_ID = 41_337;
const ZERO32 = new Uint8Array(32);

type Side = { readonly name: string; readonly chainId: number; readonly rpc: Rpc; readonly contracts: Deployment; readonly target: Target };

/**
 * Two fresh chains, the same contracts, validators whose keys this program holds. Everything is signed before the clock
 * starts: batches of 100 locks, one execute and one settle per batch, both legs; then it is sent as fast as the chains take it.
 */
export const measureLimit = async (batches: number, blockTimeMs: number): Promise<Limit> => {
  const crypto = await makeCrypto();
  const hashes = makeHashes(crypto.keccak256);
  const random = (): Uint8Array => crypto.random.bytes(32);
  const validatorKeys = Array.from({ length: 4 }, random);
  const governorKeys = Array.from({ length: 3 }, random);
  const relayGenesis = random();
  const [deployer, user, submitter] = devAccounts(3);
  if (deployer === undefined || user === undefined || submitter === undefined) throw new Error("no accounts");
  const plan = plannedDeployment(deployer.address);
  const names = ["A", "C"];
  const nodes = await Promise.all(
    names.map(async (_, at) => startChain({ kind: "anvil", chainId: FIRST_CHAIN_ID + at, blockTimeMs, accounts: 3 })),
  );
  try {
    const sides = await Promise.all(
      names.map(async (name, at): Promise<Side> => {
        const rpc = makeRpc(nodes[at]?.url ?? "");
        await deployContracts(
          { crypto, hashes },
          {
            chain: name,
            numericId: FIRST_CHAIN_ID + at,
            rpc,
            deployerKey: deployer.privateKey,
            terms: {
              relayGenesis,
              governorKeys,
              governanceThreshold: 2,
              pauseAddress: deployer.address,
              validators: validatorKeys.map((key) => crypto.secp256k1.address(key)).sort(compareBytes),
              threshold: 3,
            },
            records: {},
            holders: [user],
            funded: [],
            remotes: names.flatMap((peer, where) => (where === at ? [] : [{ chain: peer, numericId: FIRST_CHAIN_ID + where, deployment: plan }])),
          },
        );
        const target = { chain: wordOf(FIRST_CHAIN_ID + at), contract: wordOfBytes(fromHex(plan.gateway)) };
        return { name, chainId: FIRST_CHAIN_ID + at, rpc, contracts: plan, target };
      }),
    );
    const [source, destination] = sides;
    if (source === undefined || destination === undefined) throw new Error("two chains are needed");
    return await drive({ crypto, hashes, validatorKeys, relayGenesis, source, destination, user, submitter, batches });
  } finally {
    await Promise.all(nodes.map(async (node) => node.stop()));
  }
};

type Job = {
  readonly crypto: Awaited<ReturnType<typeof makeCrypto>>;
  readonly hashes: ReturnType<typeof makeHashes>;
  readonly validatorKeys: readonly Uint8Array[];
  readonly relayGenesis: Uint8Array;
  readonly source: Side;
  readonly destination: Side;
  readonly user: { readonly privateKey: Hex; readonly address: Hex };
  readonly submitter: { readonly privateKey: Hex; readonly address: Hex };
  readonly batches: number;
};

type Attested = { readonly header: unknown; readonly signatures: readonly Hex[]; readonly siblings: (at: number) => readonly Hex[] };

const attest = (job: Job, height: bigint, leaves: readonly Uint8Array[]): Attested => {
  const tree = makeEntriesTree(job.hashes, leaves);
  const header = { epoch: 1n, height, prevHash: ZERO32, tickMs: height, entriesRoot: tree.root };
  const digest = job.hashes.blockDigest(job.relayGenesis, header);
  return {
    header: { epoch: 1n, height, prevHash: to0x(ZERO32), tick: height, entriesRoot: to0x(tree.root) },
    signatures: signAscending(job.crypto, digest, job.validatorKeys.slice(0, 3)).map((each) => to0x(each)),
    siblings: (at) => tree.siblings(at).map((each) => to0x(each)),
  };
};

const prepare = (job: Job): { readonly locks: Hex[][]; readonly executes: Hex[]; readonly settles: Hex[] } => {
  const { hashes, source, destination } = job;
  const from = vaultOf(source.name);
  const to = vaultOf(destination.name);
  const receiver = fromHex(job.user.address);
  const args = [wordOfBytes(receiver), wordOf(AMOUNT)];
  const bodyHash = hashes.bodyHash({ func: "mint", args, salt: null });
  const body = {
    srcChain: to0x(source.target.chain),
    srcContract: to0x(source.target.contract),
    timeoutMs: TIMEOUT_MS,
    priority: 0,
    isPrivate: false,
    salt: to0x(ZERO32),
    func: "mint",
    args: args.map((each) => to0x(each)),
  };
  const lock = lockCall(source.contracts.vault, hashes.serviceKey(to), job.user.address, AMOUNT, TIMEOUT_MS);
  const locks: Hex[][] = [];
  const executes: Hex[] = [];
  const settles: Hex[] = [];
  for (let batch = 0; batch < job.batches; batch += 1) {
    const factsOf = (at: number, kind: 1 | 2, status: TxStatus, resultHash: Uint8Array): EntryFacts => {
      const index = BigInt(batch * BATCH + at + 1);
      const requestHash = hashes.requestHash({ source: source.target, from, to, index, bodyHash, timeoutMs: TIMEOUT_MS, priority: 0 });
      return { kind, from, to, index, requestHash, status, resultHash };
    };
    const numbers = Array.from({ length: BATCH }, (_, at) => at);
    const requests = numbers.map((at) => factsOf(at, ENTRY_KIND.request, TX_STATUS.begin, ZERO32));
    const empty = hashes.resultHash(new Uint8Array(0));
    const receipts = numbers.map((at) => factsOf(at, ENTRY_KIND.receipt, TX_STATUS.success, empty));
    const first = attest(job, BigInt(batch * 2 + 1), requests.map((each) => hashes.leaf(job.relayGenesis, destination.target, each)));
    const second = attest(job, BigInt(batch * 2 + 2), receipts.map((each) => hashes.leaf(job.relayGenesis, source.target, each)));
    const entriesOf = (facts: readonly EntryFacts[], attested: Attested): unknown[] =>
      facts.map((each, at) => ({
        from: to0x(hashes.serviceKey(from)),
        to: to0x(hashes.serviceKey(to)),
        index: each.index,
        requestHash: to0x(each.requestHash),
        status: each.status,
        resultHash: to0x(each.resultHash),
        position: at,
        siblings: attested.siblings(at),
      }));
    const gas = BASE_GAS + GAS_PER_ENTRY * BigInt(BATCH);
    const submitterKey = fromHex(job.submitter.privateKey);
    const execute = encodeFunctionData({ abi: gatewayAbi, functionName: "execute", args: [first.header, first.signatures, entriesOf(requests, first), numbers.map(() => body)] as never }); // built above in the ABI's shape
    const settle = encodeFunctionData({ abi: gatewayAbi, functionName: "settle", args: [second.header, second.signatures, entriesOf(receipts, second), numbers.map(() => "0x")] as never }); // built above in the ABI's shape
    executes.push(...signRaw(job.crypto, submitterKey, destination.chainId, batch, GAS_PRICE_WEI, [{ to: destination.contracts.gateway, data: execute, gas }]));
    settles.push(...signRaw(job.crypto, submitterKey, source.chainId, batch, GAS_PRICE_WEI, [{ to: source.contracts.gateway, data: settle, gas }]));
    locks.push([...signRaw(job.crypto, fromHex(job.user.privateKey), source.chainId, batch * BATCH + 1, GAS_PRICE_WEI, numbers.map(() => lock))]);
  }
  return { locks, executes, settles };
};

const drive = async (job: Job): Promise<Limit> => {
  const { locks, executes, settles } = prepare(job);
  const { source, destination } = job;
  const hash = (raw: Hex): Hex => to0x(job.crypto.keccak256(fromHex(raw)));
  const started = performance.now();
  const executing = (async (): Promise<void> => {
    for (const raw of executes) await destination.rpc.call("eth_sendRawTransaction", [raw]);
  })();
  for (const batch of locks) {
    await source.rpc.batch(batch.map((raw) => ({ method: "eth_sendRawTransaction", params: [raw] })));
  }
  await awaitReceipts(source.rpc, [hash(locks.at(-1)?.at(-1) ?? "0x")]);
  await executing;
  await awaitReceipts(destination.rpc, [hash(executes.at(-1) ?? "0x")]);
  for (const raw of settles) await source.rpc.call("eth_sendRawTransaction", [raw]);
  const receipts = await awaitReceipts(source.rpc, settles.map(hash));
  const seconds = (performance.now() - started) / 1000;
  const settledTopics = receipts.reduce((sum, receipt) => sum + receipt.logs.filter((log) => log.address.toLowerCase() === source.contracts.gateway.toLowerCase()).length, 0);
  const transfers = Math.min(settledTopics, job.batches * BATCH);
  return { perSecond: transfers / seconds, transfers, seconds };
};
