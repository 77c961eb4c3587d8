import { concatBytes, type Hash, utf8 } from "@crossguardian/kernel";
import { type EntryFacts, type RelayHeader } from "@crossguardian/wire";
import { encodeCall, encodePrivateCall } from "@crossguardian/proof";
import { putWord, wordOf, wordOfBytes } from "@crossguardian/proof";

/** A contract on a chain, as hashes and contracts name it: EVM chain id and address as 32-byte words. */
export type Target = { readonly chain: Uint8Array; readonly contract: Uint8Array };

/** The call a request asks for. `salt` is set exactly for private requests. */
export type CallBody = {
  readonly func: string;
  readonly args: readonly Uint8Array[];
  readonly salt: Uint8Array | null;
};

/** Facts that a request's commitment binds (protocol, "Hashes"). */
export type RequestFacts = {
  readonly source: Target;
  readonly from: string;
  readonly to: string;
  readonly index: bigint;
  readonly bodyHash: Uint8Array;
  readonly timeoutMs: bigint;
  readonly priority: number;
};

/** The hashes of protocol.md over one keccak256; every function returns 32 bytes. */
export type Hashes = {
  /** keccak256 of the full service id: its name on chain. */
  readonly serviceKey: (id: string) => Uint8Array;
  readonly bodyHash: (body: CallBody) => Uint8Array;
  readonly requestHash: (facts: RequestFacts) => Uint8Array;
  readonly resultHash: (result: Uint8Array) => Uint8Array;
  /** Leaf of an entry for its target contract; kind, chain and contract are inside (weak point 5). */
  readonly leaf: (relayGenesis: Uint8Array, target: Target, facts: EntryFacts) => Uint8Array;
  readonly registerLeaf: (relayGenesis: Uint8Array, documentHash: Uint8Array) => Uint8Array;
  readonly validatorsLeaf: (
    relayGenesis: Uint8Array,
    newEpoch: bigint,
    validators: readonly Uint8Array[],
    threshold: number,
  ) => Uint8Array;
  readonly node: (left: Uint8Array, right: Uint8Array) => Uint8Array;
  /** EIP-712 digest of a relay block: its hash, and what validators sign. */
  readonly blockDigest: (relayGenesis: Uint8Array, header: RelayHeader) => Uint8Array;
  readonly keccak256: Hash;
};

const MAX_CACHED_SERVICE_KEYS = 4096;

/** The hashes of protocol.md, over the keccak256 that is handed in. */
export const makeHashes = (keccak256: Hash): Hashes => {
  const requestTag = keccak256(utf8("CrossGuardian.request.v1"));
  const domainType = keccak256(utf8("EIP712Domain(string name,string version,bytes32 salt)"));
  const domainName = keccak256(utf8("CrossGuardian Relay"));
  const domainVersion = keccak256(utf8("1"));
  const blockType = keccak256(
    utf8("Block(uint64 epoch,uint64 height,bytes32 prevHash,uint64 tick,bytes32 entriesRoot)"),
  );
  const leafMark = Uint8Array.of(0);
  // Hashed at once and never handed out: written anew for each hash.
  const requestWords = new Uint8Array(9 * 32);
  const leafBytes = new Uint8Array(1 + 10 * 32);
  const nodeBytes = new Uint8Array(1 + 2 * 32);
  nodeBytes[0] = 1;
  const eip712Mark = Uint8Array.of(0x19, 0x01);
  const serviceKeys = new Map<string, Uint8Array>();

  const serviceKey = (id: string): Uint8Array => {
    const known = serviceKeys.get(id);
    if (known !== undefined) return known;
    if (serviceKeys.size >= MAX_CACHED_SERVICE_KEYS) serviceKeys.clear();
    const key = keccak256(utf8(id));
    serviceKeys.set(id, key);
    return key;
  };

  return {
    serviceKey,
    keccak256,
    bodyHash: ({ func, args, salt }) =>
      keccak256(salt === null ? encodeCall(func, args) : encodePrivateCall(salt, func, args)),
    requestHash: ({ source, from, to, index, bodyHash, timeoutMs, priority }) => {
      requestWords.fill(0);
      requestWords.set(requestTag, 0);
      requestWords.set(source.chain, 32);
      requestWords.set(source.contract, 64);
      requestWords.set(serviceKey(from), 96);
      requestWords.set(serviceKey(to), 128);
      putWord(requestWords, 160, index);
      requestWords.set(bodyHash, 192);
      putWord(requestWords, 224, timeoutMs);
      putWord(requestWords, 256, priority);
      return keccak256(requestWords);
    },
    resultHash: (result) => keccak256(result),
    leaf: (relayGenesis, target, facts) => {
      leafBytes.fill(0);
      putWord(leafBytes, 1, facts.kind);
      leafBytes.set(relayGenesis, 33);
      leafBytes.set(target.chain, 65);
      leafBytes.set(target.contract, 97);
      leafBytes.set(serviceKey(facts.from), 129);
      leafBytes.set(serviceKey(facts.to), 161);
      putWord(leafBytes, 193, facts.index);
      leafBytes.set(facts.requestHash, 225);
      putWord(leafBytes, 257, facts.status);
      leafBytes.set(facts.resultHash, 289);
      return keccak256(leafBytes);
    },
    registerLeaf: (relayGenesis, documentHash) =>
      keccak256(concatBytes([leafMark, wordOf(4), relayGenesis, documentHash])),
    validatorsLeaf: (relayGenesis, newEpoch, validators, threshold) =>
      keccak256(
        concatBytes([
          leafMark,
          wordOf(5),
          relayGenesis,
          wordOf(newEpoch),
          keccak256(
            concatBytes([wordOf(32), wordOf(validators.length), ...validators.map(wordOfBytes)]),
          ),
          wordOf(threshold),
        ]),
      ),
    node: (left, right) => {
      nodeBytes.set(left, 1);
      nodeBytes.set(right, 33);
      return keccak256(nodeBytes);
    },
    blockDigest: (relayGenesis, header) =>
      keccak256(
        concatBytes([
          eip712Mark,
          keccak256(concatBytes([domainType, domainName, domainVersion, relayGenesis])),
          keccak256(
            concatBytes([
              blockType,
              wordOf(header.epoch),
              wordOf(header.height),
              header.prevHash,
              wordOf(header.tickMs),
              header.entriesRoot,
            ]),
          ),
        ]),
      ),
  };
};
