import { gatewayAbi, vaultAbi } from "@crossguardian/contracts-evm";
import { fromHex, to0x, keyLabel } from "@crossguardian/kernel";
import { makeEntriesTree, relayGenesisDocument, relayGenesisHash, type Target, wordOf, wordOfBytes } from "@crossguardian/protocol";
import {
  batchContent, contentHashInput, decodeMessage, encodeContent, encodeIbtp, encodeIbtpExtra, encodeMessage, encodePayload,
  ENTRY_KIND, type EntryFacts, evmEvidence, IBTP_TYPE, IBTP_VERSION, type Message, type RelayHeader,
} from "@crossguardian/wire";
import { keyOf, signAscending, vaultOf, type World } from "@crossguardian/world";
import { concat, encodeAbiParameters, encodeEventTopics, encodeFunctionData, type Hex, keccak256, numberToBytes, pad, parseAbiItem, toHex, toRlp, zeroHash } from "viem";


const contractsOf = (world: World, chain: string): NonNullable<ReturnType<World["deployments"]["get"]>> => {
  const deployment = world.deployments.get(chain);
  if (deployment === undefined) throw new Error(`no contracts on chain ${chain}`);
  return deployment;
};

/** Evidence of one block, and where in it the event is said to stand. */
export type Evidence = { readonly height: bigint; readonly evidence: Uint8Array; readonly place: { readonly tx: number; readonly log: number } };

/** A way to make up an event. */
export type Forgery = {
  readonly name: string;
  readonly says: string;
  /** One that is not the next of its pair. */
  readonly index?: bigint;
  /** A header witness reports the made-up block too, beside the true one. */
  readonly isWitnessed?: boolean;
  readonly make: (world: World, mint: ForgedMint, height: bigint) => Promise<Evidence>;
};

const GATEWAY_KEY = keyLabel("gateway-key");
const VALIDATOR_KEY = keyLabel("validator-key");
const TIMEOUT_MS = 600_000n;
const PRIORITY = 1;
const ZERO32 = new Uint8Array(32);
const HEADER_FIELDS = [
  "parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom", "difficulty", "number", "gasLimit", "gasUsed",
  "timestamp", "extraData", "mixHash", "nonce", "baseFeePerGas", "withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot", "requestsHash",
] as const;
const QUANTITIES = new Set(["difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas", "blobGasUsed", "excessBlobGas"]);
const REQUEST = parseAbiItem(
  "event Request(bytes32 indexed from, bytes32 indexed to, uint64 index, bytes32 requestHash, bytes32 bodyHash, uint64 timeoutMs, uint8 priority, bool isPrivate, string func, bytes[] args)",
);

/** A mint that nobody ever requested, complete but for what would prove it. */
export type ForgedMint = {
  readonly from: string;
  readonly to: string;
  readonly source: string;
  readonly facts: EntryFacts;
  readonly bodyHash: Uint8Array;
  readonly args: readonly Uint8Array[];
  readonly target: Target;
};

const targetOf = (world: World, chain: string): Target => ({
  chain: wordOf(world.chains.get(chain)?.numericId ?? 0),
  contract: wordOfBytes(fromHex(contractsOf(world, chain).gateway)),
});

/** Makes up a request of `from`'s vault that has `to`'s vault mint. */
export const forgeMint = (world: World, from: string, to: string, mint: { readonly index: bigint; readonly receiver: Hex; readonly amount: bigint }): ForgedMint => {
  const args = [fromHex(pad(mint.receiver)), wordOf(mint.amount)];
  const bodyHash = world.hashes.bodyHash({ func: "mint", args, salt: null });
  const names = { from: vaultOf(from), to: vaultOf(to), index: mint.index };
  const requestHash = world.hashes.requestHash({ source: targetOf(world, from), ...names, bodyHash, timeoutMs: TIMEOUT_MS, priority: PRIORITY });
  return {
    ...names, source: from, bodyHash, args, target: targetOf(world, to),
    facts: { kind: ENTRY_KIND.request, ...names, requestHash, status: 0, resultHash: ZERO32 },
  };
};

const rlpHeader = (header: Readonly<Record<string, Hex | null | undefined>>): Hex =>
  toRlp(
    HEADER_FIELDS.flatMap((name) => {
      const value = header[name];
      if (value === undefined || value === null) return [];
      const digits = QUANTITIES.has(name) ? value.slice(2).replace(/^0+/u, "") : value.slice(2);
      return [`0x${digits.length % 2 === 1 ? "0" : ""}${digits}` as Hex];
    }),
  );

type Change = {
  /** The block's own receipts root is kept: the receipt is in no trie of it. */
  readonly keepRoot?: boolean;
  /** Fields of the header that are others than the chain's. */
  readonly header?: Readonly<Record<string, Hex>>;
  /** Status of the receipt; 1 is success (EIP-658). */
  readonly status?: Hex;
  /** How many lists deep the receipt's logs are. */
  readonly lists?: number;
};

/** Deeper than any recursive reader's stack reaches. */
const NESTED_LISTS = 60_000;

/** The RLP of an item inside so many lists of one item each. */
const nested = (item: Hex, lists: number): Hex => {
  const heads: Uint8Array[] = [];
  const bytes = fromHex(item);
  let { length } = bytes;
  for (let at = 0; at < lists; at += 1) {
    const digits = numberToBytes(length);
    const head = Uint8Array.from(length < 56 ? [0xc0 + length] : [0xf7 + digits.length, ...digits]);
    heads.push(head);
    length += head.length;
  }
  return to0x(Buffer.concat([...heads.reverse(), bytes]));
};

const forgedEvidence = async (world: World, mint: ForgedMint, height: bigint, { keepRoot = false, header = {}, status = "0x01", lists = 0 }: Change): Promise<Evidence> => {
  const { facts, bodyHash, args, source } = mint;
  const data = encodeAbiParameters(
    REQUEST.inputs.filter((input) => !("indexed" in input)),
    [facts.index, to0x(facts.requestHash), to0x(bodyHash), TIMEOUT_MS, PRIORITY, false, "mint", args.map((each) => to0x(each))],
  );
  const topics = encodeEventTopics({ abi: gatewayAbi, eventName: "Request", args: { from: keyOf(world, mint.from), to: keyOf(world, mint.to) } }) as Hex[]; // no topic is left open
  const receipt = concat(["0x02", toRlp([status, "0x5208", `0x${"00".repeat(256)}`, [[contractsOf(world, source).gateway, topics, data]]])]);
  const leaf = lists > 0 ? nested(toRlp(["0x2080", receipt]), lists) : toRlp(["0x2080", receipt]); // the only one: path of transaction 0, even, ends here
  const genuine = await world.rpcs.get(source)?.call<Record<string, Hex | null>>("eth_getBlockByNumber", [toHex(height), false]);
  const fields = { ...genuine, ...(keepRoot ? {} : { receiptsRoot: keccak256(leaf) }), ...header };
  return { height, evidence: encodeMessage(evmEvidence, { header: fromHex(rlpHeader(fields)), nodes: [fromHex(leaf)] }), place: { tx: 0, log: 0 } };
};

/** Evidence that proves the made-up event, in a block made up for it at a height where the chain has another one. */
export const madeUpBlock: Forgery["make"] = async (world, mint, height) => forgedEvidence(world, mint, height, {});

/** Ways to make up an event and what would prove it. */
export const FORGERIES: readonly Forgery[] = [
  { name: "block", says: "an event in a block made up for it", make: madeUpBlock },
  { name: "receipt", says: "an event in a receipt that is not in the trie of the true block", make: async (world, mint, height) => forgedEvidence(world, mint, height, { keepRoot: true }) },
  { name: "header", says: "an event in a header of another height", make: async (world, mint, height) => forgedEvidence(world, mint, height, { header: { number: toHex(height + 1_000n) } }) },
  { name: "equivocation", says: "an event in a block made up for it, which one header witness reports twice beside the true one", isWitnessed: true, make: madeUpBlock },
  { name: "gap", says: "an event whose index is far ahead of its pair's", index: 1n << 40n, make: madeUpBlock },
  { name: "lastIndex", says: "an event with the last index there is, beyond 2^53", index: (1n << 64n) - 1n, make: madeUpBlock },
  { name: "nested", says: "an event in a receipt that lies 60,000 lists deep, where a reader that follows them runs out of stack", make: async (world, mint, height) => forgedEvidence(world, mint, height, { lists: NESTED_LISTS }) },
  { name: "failed", says: "an event of a transaction that failed", make: async (world, mint, height) => forgedEvidence(world, mint, height, { status: "0x" }) },
];

/** The made-up request as a batch signed with the stolen key of its gateway. */
export const forgeBatch = (world: World, mint: ForgedMint, gateway: string, { height, evidence, place }: Evidence): Message<"publish"> => {
  const content = { func: "mint", args: mint.args };
  const source = targetOf(world, mint.source);
  const ibtp = encodeIbtp({
    from: mint.from, to: mint.to, index: mint.facts.index, type: IBTP_TYPE.interchain, timeoutHeight: TIMEOUT_MS, proof: world.crypto.sha256(evidence),
    group: null, version: IBTP_VERSION, timestamp: 0n, debug: false,
    payload: encodePayload({ encrypted: false, content: encodeContent(content), hash: world.hashes.keccak256(contentHashInput(content)) }),
    extra: encodeIbtpExtra({
      bodyHash: mint.bodyHash, requestHash: mint.facts.requestHash, srcChain: source.chain, srcContract: source.contract, timeoutMs: TIMEOUT_MS,
      priority: PRIORITY, isPrivate: false, status: 0, resultHash: ZERO32, suite: "", keyEpochFrom: 0n, keyEpochTo: 0n, missingBody: false,
    }),
  });
  const batch = encodeMessage(batchContent, {
    gateway, batchId: BigInt(Date.now()), evidences: [{ chain: mint.source, height, evidence }], entries: [{ ibtp, evidence: 0, ...place }],
  });
  const key = world.crypto.deriveKey(world.slots.rootOf(`interaction-${gateway}`), GATEWAY_KEY);
  const [signature] = signAscending(world.crypto, world.hashes.keccak256(batch), [key]);
  if (signature === undefined) throw new Error("no signature");
  return { content: batch, signature };
};

type Signed = {
  readonly header: { readonly epoch: bigint; readonly height: bigint; readonly prevHash: Hex; readonly tick: bigint; readonly entriesRoot: Hex };
  readonly signatures: readonly Hex[];
  readonly entry: { readonly from: Hex; readonly to: Hex; readonly index: bigint; readonly requestHash: Hex; readonly status: number; readonly resultHash: Hex; readonly position: number; readonly siblings: readonly Hex[] };
};

/** A relay block with one entry, signed with the keys of these validators, as contracts take it. */
const signedBlock = (world: World, target: Target, facts: EntryFacts, validators: readonly number[]): Signed => {
  const genesis = decodeMessage(relayGenesisDocument, world.terms.genesis);
  if (!genesis.ok) throw new Error("no genesis");
  const relayGenesis = relayGenesisHash(world.hashes, genesis.value);
  const root = makeEntriesTree(world.hashes, [world.hashes.leaf(relayGenesis, target, facts)]).root;
  const header: RelayHeader = { epoch: 1n, height: 1_000_000n, prevHash: ZERO32, tickMs: BigInt(Date.now()), entriesRoot: root };
  const keys = validators.map((number) => world.crypto.deriveKey(world.slots.rootOf(`validator-${number}`), VALIDATOR_KEY));
  const { from, to, index, requestHash, status, resultHash } = facts;
  return {
    header: { epoch: header.epoch, height: header.height, prevHash: to0x(header.prevHash), tick: header.tickMs, entriesRoot: to0x(root) },
    signatures: signAscending(world.crypto, world.hashes.blockDigest(relayGenesis, header), keys).map((each) => to0x(each)),
    entry: { from: keyOf(world, from), to: keyOf(world, to), index, requestHash: to0x(requestHash), status, resultHash: to0x(resultHash), position: 0, siblings: [] },
  };
};

/** The call that settles a request of `source` by a receipt in a relay block of its own, signed with the keys of these validators. */
export const forgedSettlement = (world: World, source: string, receipt: EntryFacts, validators: readonly number[]): Hex => {
  const { header, signatures, entry } = signedBlock(world, targetOf(world, source), receipt, validators);
  return encodeFunctionData({ abi: gatewayAbi, functionName: "settle", args: [header, signatures, [entry], ["0x"]] });
};

/** The call that executes the made-up request by a relay block of its own, signed with the keys of these validators. */
export const forgedExecution = (world: World, mint: ForgedMint, validators: readonly number[], twice: readonly number[] = []): Hex => {
  const { header, signatures, entry } = signedBlock(world, mint.target, mint.facts, [...validators, ...twice]);
  const { args } = mint;
  const source = targetOf(world, mint.source);
  const body = {
    srcChain: to0x(source.chain), srcContract: to0x(source.contract), timeoutMs: TIMEOUT_MS, priority: PRIORITY, isPrivate: false, salt: zeroHash,
    func: "mint", args: args.map((each) => to0x(each)),
  };
  return encodeFunctionData({ abi: gatewayAbi, functionName: "execute", args: [header, signatures, [entry], [body]] });
};

/** Topic of the vault's event that tokens came into being. */
export const MINTED = encodeEventTopics({ abi: vaultAbi, eventName: "Minted" })[0];
