import { type Abi, type Hex, keccak256, stringToHex } from "viem";
import { readPackageFile } from "../../src/adapters/artifact-files.ts";
import { loadArtifacts } from "../../src/load-artifacts.ts";
import { TEST_ARTIFACTS_PATH } from "../../src/generated-files.ts";
import { type Chain, type Contract, startChain } from "./anvil.ts";
import {
  addressWord,
  type Body,
  digestOf,
  type Entry,
  type Facts,
  governedDigestOf,
  type Header,
  KIND,
  leafOf,
  requestHash,
  serviceKey,
  STATUS,
  type Target,
  treeOf,
  word,
  ZERO,
} from "./oracle.ts";
import { makeSigners, signAll, type Signer } from "./signers.ts";

export const GENESIS = keccak256(stringToHex("relay of the tests"));
export const TIMEOUT_MS = 60_000n;
export const CALL_GAS = 300_000n;
export const validators = makeSigners("validator", 4);
export const governors = makeSigners("governor", 3);
export const quorum = validators.slice(0, 3);
export const LIMITS = { minTimeoutMs: 1_000n, maxTimeoutMs: 3_600_000n, window: 300, maxResultBytes: 512, reserveGas: 120_000 };

const compiled = JSON.parse(readPackageFile(TEST_ARTIFACTS_PATH)) as Record<string, { abi: Abi; bytecode: Hex }>;

/** Compiled test contract, ready to deploy. */
export function testContract(name: string): { abi: Abi; bytecode: Hex } {
  const artifact = compiled[name];
  if (artifact === undefined) throw new Error(`${name} is not a test contract`);
  return artifact;
}

/** One chain with a gateway and a service of each kind, registered both ways with its peer of the other chain. */
export type Side = {
  readonly chain: Chain;
  readonly target: Target;
  readonly gateway: Contract;
  readonly token: Contract;
  readonly vault: Contract;
  readonly data: Contract;
  readonly hostile: Contract;
  readonly ids: Record<ServiceName, string>;
  readonly keys: Record<ServiceName, Hex>;
  readonly govern: (calls: readonly Hex[], signers?: readonly Signer[]) => Promise<void>;
};
export type ServiceName = "vault" | "data" | "hostile";

export type World = {
  readonly a: Side;
  readonly b: Side;
  readonly reset: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** A block as submitted: header, signatures, entries with inclusions. */
export type Attested = { readonly header: Header; readonly signatures: readonly Hex[]; readonly entries: readonly Entry[] };

let height = 0n;

/** Makes a block of entries for one target and has it signed. */
export async function attest(
  target: Target,
  kind: number,
  facts: readonly Facts[],
  changes: { epoch?: bigint; genesis?: Hex; signers?: readonly Signer[] } = {},
): Promise<Attested> {
  const genesis = changes.genesis ?? GENESIS;
  const { root, siblings } = treeOf(facts.map((each) => leafOf(genesis, target, kind, each)));
  const header: Header = { epoch: changes.epoch ?? 1n, height: ++height, prevHash: ZERO, tick: 1000n * height, entriesRoot: root };
  const signatures = await signAll(digestOf(genesis, header), changes.signers ?? quorum);
  return { header, signatures, entries: facts.map((each, position) => ({ ...each, position, siblings: siblings[position] ?? [] })) };
}

/** A request as its event told it. */
export type Asked = { readonly facts: Facts; readonly body: Body };

/** A REQUEST entry and its body, for a source that need not exist. */
export function makeRequest(source: Target, from: Hex, to: Hex, index: bigint, call: Partial<Body>): Asked {
  const body: Body = {
    srcChain: source.chain, srcContract: source.account, timeoutMs: TIMEOUT_MS, priority: 0, isPrivate: false, salt: ZERO, func: "", args: [], ...call,
  };
  return { body, facts: { from, to, index, requestHash: requestHash(from, to, index, body), status: STATUS.begin, resultHash: ZERO } };
}

/** Reads the Request events of a transaction. */
export function requestsOf(side: Side, events: readonly { name: string; args: Record<string, unknown> }[], secret?: Partial<Body>): Asked[] {
  return events
    .filter(({ name }) => name === "Request")
    .map(({ args }) => {
      const isPrivate = args["isPrivate"] as boolean;
      return makeRequest(side.target, args["from"] as Hex, args["to"] as Hex, args["index"] as bigint, {
        timeoutMs: args["timeoutMs"] as bigint,
        priority: args["priority"] as number,
        isPrivate,
        func: args["func"] as string,
        args: args["args"] as Hex[],
        ...secret,
      });
    });
}

/** A receipt as its event told it: the RECEIPT entry and the result. */
export type Answered = { readonly facts: Facts; readonly result: Hex };

export function receiptsOf(events: readonly { name: string; args: Record<string, unknown> }[]): Answered[] {
  return events
    .filter(({ name }) => name === "Receipt")
    .map(({ args }) => ({
      result: args["result"] as Hex,
      facts: {
        from: args["from"] as Hex,
        to: args["to"] as Hex,
        index: args["index"] as bigint,
        requestHash: args["requestHash"] as Hex,
        status: args["status"] as number,
        resultHash: keccak256(args["result"] as Hex),
      },
    }));
}

export async function execute(side: Side, asked: readonly Asked[], gas?: bigint) {
  const block = await attest(side.target, KIND.request, asked.map(({ facts }) => facts));
  return side.gateway.done("execute", executeArgs(block, asked), gas === undefined ? {} : { gas });
}

export const executeArgs = (block: Attested, asked: readonly Asked[]): readonly unknown[] => [
  block.header, block.signatures, block.entries, asked.map(({ body }) => body),
];

export async function settle(side: Side, answered: readonly Answered[], gas?: bigint) {
  const block = await attest(side.target, KIND.receipt, answered.map(({ facts }) => facts));
  return side.gateway.done("settle", settleArgs(block, answered), gas === undefined ? {} : { gas });
}

export const settleArgs = (block: Attested, answered: readonly Answered[]): readonly unknown[] => [
  block.header, block.signatures, block.entries, answered.map(({ result }) => result),
];

export const cancelFacts = ({ facts }: Asked): Facts => ({ ...facts, status: STATUS.cancelling });

export async function cancel(side: Side, asked: readonly Asked[], gas = 25_000_000n) {
  const block = await attest(side.target, KIND.cancel, asked.map(cancelFacts));
  return side.gateway.done("cancel", [block.header, block.signatures, block.entries], { gas });
}

/** Two chains, each other's peers, every pair of services of one name allowed. Vault pairs are unordered, hostile ones ordered. */
export async function startWorld(): Promise<World> {
  const [a, b] = await Promise.all([makeSide("a", 31_001), makeSide("b", 31_002)]);
  await Promise.all([introduce(a, b), introduce(b, a)]);
  let snapshots = await Promise.all([a, b].map(({ chain }) => chain.rpc("evm_snapshot")));
  return {
    a,
    b,
    reset: async () => {
      await Promise.all([a, b].map(({ chain }, i) => chain.rpc("evm_revert", [snapshots[i]])));
      snapshots = await Promise.all([a, b].map(({ chain }) => chain.rpc("evm_snapshot")));
    },
    stop: async () => {
      await Promise.all([a.chain.stop(), b.chain.stop()]);
    },
  };
}

export const gatewayArgs = (chain: Chain, limits: Partial<typeof LIMITS> = {}): readonly unknown[] => [
  GENESIS, governors.map(({ address }) => address), 2, chain.accounts[1], validators.map(({ address }) => address), 3, { ...LIMITS, ...limits },
];

async function makeSide(name: string, chainId: number): Promise<Side> {
  const chain = await startChain(chainId);
  // Different nonces, or the two gateways had one address and no test could tell them apart.
  await chain.rpc("anvil_setNonce", [chain.accounts[0], `0x${chainId.toString(16)}`]);
  const artifacts = loadArtifacts();
  const gateway = await chain.deploy(artifacts.Gateway, gatewayArgs(chain));
  const token = await chain.deploy(artifacts.TestToken, [`Token ${name}`, name]);
  const vault = await chain.deploy(artifacts.Vault, [gateway.address, chain.accounts[0], token.address]);
  const data = await chain.deploy(artifacts.DataService, [gateway.address, chain.accounts[0]]);
  const hostile = await chain.deploy(testContract("Hostile"), [gateway.address]);
  const ids = { vault: `1:${name}:vault`, data: `1:${name}:data`, hostile: `1:${name}:hostile` };
  const keys = { vault: serviceKey(ids.vault), data: serviceKey(ids.data), hostile: serviceKey(ids.hostile) };
  const govern: Side["govern"] = async (calls, signers = governors.slice(0, 2)) => {
    const nonce = (await gateway.read("governanceNonce")) as bigint;
    const signatures = await signAll(governedDigestOf(chainId, gateway.address, nonce, calls), signers);
    await gateway.done("governed", [calls, signatures]);
  };
  return { chain, target: { chain: word(chainId), account: addressWord(gateway.address) }, gateway, token, vault, data, hostile, ids, keys, govern };
}

async function introduce(side: Side, other: Side): Promise<void> {
  const { gateway, ids, keys } = side;
  const names: ServiceName[] = ["vault", "data", "hostile"];
  await side.govern([
    gateway.data("registerLocalService", [ids.vault, side.vault.address, CALL_GAS, false, true]),
    gateway.data("registerLocalService", [ids.data, side.data.address, 1_000_000n, false, false]),
    gateway.data("registerLocalService", [ids.hostile, side.hostile.address, CALL_GAS, true, false]),
    ...names.map((name) => gateway.data("registerRemoteService", [other.ids[name], other.target.chain, other.target.account])),
    ...names.flatMap((name) => [
      gateway.data("allowPair", [keys[name], other.keys[name]]),
      gateway.data("allowPair", [other.keys[name], keys[name]]),
    ]),
  ]);
  const admin = side.chain.accounts[0];
  await side.vault.done("listPeer", [other.keys.vault, "Wrapped", "W"]);
  await side.data.done("listPeer", [other.keys.data]);
  await side.token.done("mint", [admin, 10n ** 24n]);
  await side.token.done("approve", [side.vault.address, 2n ** 256n - 1n]);
}

/** The wrapped token of a peer, as a contract. */
export async function balances(side: Side, other: Side, owner: Hex): Promise<{ home: bigint; wrapped: bigint; locked: bigint; wrappedSupply: bigint }> {
  const wrapped = (await side.vault.read("wrapped", [other.keys.vault])) as Hex;
  const call = async (to: Hex, selector: "balanceOf" | "totalSupply"): Promise<bigint> => {
    const args = selector === "balanceOf" ? [owner] : [];
    return BigInt((await side.chain.rpc("eth_call", [{ to, data: side.token.data(selector, args) }, "latest"])) as Hex);
  };
  return {
    home: await call(side.token.address, "balanceOf"),
    wrapped: await call(wrapped, "balanceOf"),
    wrappedSupply: await call(wrapped, "totalSupply"),
    locked: (await side.vault.read("lockedFor", [other.keys.vault])) as bigint,
  };
}
