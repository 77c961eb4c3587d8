import { makeCrypto, type Crypto } from "@crossguardian/crypto";
import { compareBytes, concatBytes, utf8 } from "@crossguardian/kernel";
import {
  type Hashes,
  makeHashes,
  registrationDigest,
  type RegistryDocument,
  registryDocument,
  relayGenesisDocument,
  type RelayGenesisDocument,
  relayGenesisHash,
  wordOf,
  wordOfBytes,
} from "@crossguardian/protocol";
import {
  batchContent,
  contentHashInput,
  encodeContent,
  encodeIbtp,
  encodeIbtpExtra,
  encodeMessage,
  encodePayload,
  encodeResult,
  IBTP_VERSION,
  MESSAGES,
  receiptTypeOf,
} from "@crossguardian/wire";
import { makeTestChain, receiptLog, requestLog, type TestBlock, type TestChain, type TestLog } from "./test-chain.ts";

const ZERO32 = new Uint8Array(32);

/** A key pair made of a word. */
export type TestKey = { readonly privateKey: Uint8Array; readonly address: Uint8Array };

/** One chain of the test world with its gateway contract. */
export type TestSide = { readonly name: string; readonly numericId: bigint; readonly contract: Uint8Array; readonly chain: TestChain };

/** A request as its event and its IBTP say it. */
export type TestRequest = {
  readonly from: string;
  readonly to: string;
  readonly index: bigint;
  readonly requestHash: Uint8Array;
  readonly bodyHash: Uint8Array;
  readonly timeoutMs: bigint;
  readonly func: string;
  readonly args: readonly Uint8Array[];
  readonly log: TestLog;
};

/** Everything a relay chain test needs: keys, documents, two chains with services v1 each, gateways g1 and g2. */
export type TestWorld = {
  readonly crypto: Crypto;
  readonly hashes: Hashes;
  readonly validators: readonly TestKey[];
  readonly gateway: TestKey;
  readonly genesis: RelayGenesisDocument;
  readonly genesisBytes: Uint8Array;
  readonly relayGenesis: Uint8Array;
  readonly sides: { readonly a: TestSide; readonly b: TestSide };
  readonly services: { readonly a: string; readonly b: string };
  readonly document: (nonce: bigint, change?: Partial<RegistryDocument>) => Uint8Array;
  readonly registration: (document: Uint8Array, signers?: number) => Uint8Array;
  readonly request: (index: bigint, change?: Partial<Pick<TestRequest, "func" | "args" | "timeoutMs">>) => TestRequest;
  readonly receipt: (request: TestRequest, status: number, result: Uint8Array) => TestLog;
  readonly requestIbtp: (request: TestRequest, block: TestBlock, evidence: Uint8Array) => Uint8Array;
  readonly receiptIbtp: (request: TestRequest, status: number, result: Uint8Array, evidence: Uint8Array) => Uint8Array;
  readonly publish: (
    batch: {
      readonly batchId: bigint;
      readonly evidences: readonly { readonly chain: string; readonly height: bigint; readonly evidence: Uint8Array }[];
      readonly entries: readonly { readonly ibtp: Uint8Array; readonly evidence: number; readonly tx: number; readonly log: number }[];
    },
    key?: TestKey | null,
  ) => Uint8Array;
};

/** Makes the world; `addresses` are the validators' when the test holds their keys itself. */
export const makeTestWorld = async (validatorCount = 4, threshold = 3, addresses: readonly Uint8Array[] | null = null): Promise<TestWorld> => {
  const crypto = await makeCrypto();
  const { keccak256, secp256k1 } = crypto;
  const hashes = makeHashes(keccak256);
  const key = (word: string): TestKey => {
    const privateKey = keccak256(utf8(word));
    return { privateKey, address: secp256k1.address(privateKey) };
  };
  const sign65 = (digest: Uint8Array, by: TestKey): Uint8Array => {
    const { signature, recovery } = secp256k1.sign(digest, by.privateKey);
    return concatBytes([signature, Uint8Array.of(27 + recovery)]);
  };
  const governors = ["governor 1", "governor 2", "governor 3"].map(key).sort((x, y) => compareBytes(x.address, y.address));
  const validators = Array.from({ length: validatorCount }, (_, at) => key(`validator ${at.toString()}`));
  const gateway = key("gateway");
  const genesis: RelayGenesisDocument = {
    bxhId: "1356",
    createdMs: 1n,
    governors: governors.map((each) => each.address),
    governanceThreshold: 2,
    validators: { epoch: 1n, validators: addresses ?? validators.map((each) => each.address), threshold },
  };
  const genesisBytes = encodeMessage(relayGenesisDocument, genesis);
  const relayGenesis = relayGenesisHash(hashes, genesis);
  const side = (name: string, numericId: bigint): TestSide => ({
    name,
    numericId,
    contract: keccak256(utf8(`contract ${name}`)).slice(0, 20),
    chain: makeTestChain(keccak256, Number(numericId)),
  });
  const sides = { a: side("chainA", 1n), b: side("chainB", 2n) };
  const services = { a: "1356:chainA:vault", b: "1356:chainB:vault" };
  const registered = (each: TestSide): RegistryDocument["chains"][number] => ({
    chain: each.name,
    kind: 1,
    numericId: each.numericId,
    genesisHash: each.chain.genesisHash,
    contract: each.contract,
    depth: 0,
    deployHeight: 1n,
    terms: new Uint8Array(0),
  });
  const source = { chain: wordOf(sides.a.numericId), contract: wordOfBytes(sides.a.contract) };
  const extra = (request: TestRequest): Parameters<typeof encodeIbtpExtra>[0] => ({
    bodyHash: request.bodyHash,
    requestHash: request.requestHash,
    srcChain: source.chain,
    srcContract: source.contract,
    timeoutMs: request.timeoutMs,
    priority: 1,
    isPrivate: false,
    status: 0,
    resultHash: ZERO32,
    suite: "",
    keyEpochFrom: 0n,
    keyEpochTo: 0n,
    missingBody: false,
  });
  let proofOf: { readonly evidence: Uint8Array; readonly hash: Uint8Array } | null = null;
  /** Remembered: a batch of many entries has one evidence. */
  const evidenceHash = (evidence: Uint8Array): Uint8Array => {
    if (proofOf?.evidence !== evidence) proofOf = { evidence, hash: crypto.sha256(evidence) };
    return proofOf.hash;
  };
  const head = { group: null, version: IBTP_VERSION, debug: false };

  return {
    crypto,
    hashes,
    validators,
    gateway,
    genesis,
    genesisBytes,
    relayGenesis,
    sides,
    services,
    document: (nonce, change = {}) =>
      encodeMessage(registryDocument, {
        relayGenesis,
        nonce,
        chains: [registered(sides.a), registered(sides.b)],
        services: [
          { id: services.a, contract: wordOfBytes(sides.a.contract), asset: true, ordered: false },
          { id: services.b, contract: wordOfBytes(sides.b.contract), asset: true, ordered: false },
        ],
        gateways: [
          { name: "g1", address: gateway.address, boxKey: ZERO32, keyEpoch: 1n, chains: ["chainA"] },
          { name: "g2", address: gateway.address, boxKey: ZERO32, keyEpoch: 1n, chains: ["chainB"] },
        ],
        closedChains: [],
        validators: [],
        ...change,
      }),
    registration: (document, signers = 2) => {
      const digest = registrationDigest(hashes, document);
      const signatures = governors.slice(0, signers).map((each) => sign65(digest, each));
      return encodeMessage(MESSAGES.registration.codec, { document, signatures });
    },
    request: (index, change = {}) => {
      const func = change.func ?? "mint";
      const args = change.args ?? [wordOf(index), wordOf(1000)];
      const timeoutMs = change.timeoutMs ?? 60_000n;
      const bodyHash = hashes.bodyHash({ func, args, salt: null });
      const facts = { source, from: services.a, to: services.b, index, bodyHash, timeoutMs, priority: 1 };
      const requestHash = hashes.requestHash(facts);
      const keys = { fromKey: hashes.serviceKey(services.a), toKey: hashes.serviceKey(services.b) };
      const log = requestLog(sides.a.contract, { ...keys, index, requestHash, bodyHash, timeoutMs, priority: 1, isPrivate: false, func, args });
      return { from: services.a, to: services.b, index, requestHash, bodyHash, timeoutMs, func, args, log };
    },
    receipt: ({ index, requestHash }, status, result) => {
      const keys = { fromKey: hashes.serviceKey(services.a), toKey: hashes.serviceKey(services.b) };
      return receiptLog(sides.b.contract, { ...keys, index, requestHash, status, result });
    },
    requestIbtp: (request, block, evidence) =>
      encodeIbtp({
        ...head,
        from: request.from,
        to: request.to,
        index: request.index,
        type: 0,
        timeoutHeight: request.timeoutMs,
        proof: evidenceHash(evidence),
        payload: encodePayload({ encrypted: false, content: encodeContent(request), hash: keccak256(contentHashInput(request)) }),
        extra: encodeIbtpExtra(extra(request)),
        timestamp: block.timestampS * 1_000_000_000n,
      }),
    receiptIbtp: (request, status, result, evidence) =>
      encodeIbtp({
        ...head,
        from: request.from,
        to: request.to,
        index: request.index,
        type: receiptTypeOf(status) ?? 1,
        timeoutHeight: 0n,
        proof: evidenceHash(evidence),
        payload: encodePayload({ encrypted: false, content: encodeResult(result), hash: keccak256(result) }),
        extra: encodeIbtpExtra({
          ...extra(request),
          bodyHash: ZERO32,
          timeoutMs: 0n,
          priority: 0,
          status: status as 3 | 4 | 5,
          resultHash: keccak256(result),
        }),
        timestamp: 0n,
      }),
    publish: (batch, by = gateway) => {
      const content = encodeMessage(batchContent, { gateway: "g1", ...batch });
      const signature = by === null ? new Uint8Array(65) : sign65(keccak256(content), by);
      return encodeMessage(MESSAGES.publish.codec, { content, signature });
    },
  };
};
