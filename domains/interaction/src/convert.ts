import { chainOf, failure, parseServiceId, refuse, ok, type Result, toHex } from "@crossguardian/kernel";
import { type GatewayEvent, type ReceiptEvent, type RequestEvent } from "@crossguardian/proof";
import {
  checkPublishedEntry,
  type ClaimedIbtp,
  hexKey,
  type Hashes,
  type ProvenEvent,
  type Registry,
  targetOf,
} from "@crossguardian/protocol";
import {
  contentHashInput,
  encodeContent,
  encodeIbtp,
  encodeIbtpExtra,
  encodeMessage,
  encodePayload,
  encodeResult,
  ENTRY_KIND,
  type EntryFacts,
  type Ibtp,
  IBTP_TYPE,
  IBTP_VERSION,
  type IbtpExtra,
  privateCall,
  receiptTypeOf,
} from "@crossguardian/wire";
import { type MessageCipher } from "./message-cipher.ts";
import { type PrivateCall } from "./private-bodies.ts";

/** An IBTP made of a proven event. */
export type Converted = { readonly facts: EntryFacts; readonly ibtp: Uint8Array; readonly leaf: string };

/** A proven event of one of the two kinds that are published. */
export type Proven<E extends GatewayEvent> = Omit<ProvenEvent, "event"> & { readonly event: E };

/** Conversion to IBTP (the paper's step 3). */
export type Convert = {
  /** `call` is the private body, null for a public request or a body that never came. */
  readonly request: (proven: Proven<RequestEvent>, call: PrivateCall | null) => Result<Converted>;
  readonly receipt: (proven: Proven<ReceiptEvent>, isPrivate: boolean) => Result<Converted>;
  /** Service ids of an event. Errors: protocol.registry.serviceUnknown. */
  readonly names: (event: GatewayEvent) => Result<{ readonly from: string; readonly to: string }>;
};

const NONE = new Uint8Array(0);
const ZERO32 = new Uint8Array(32);
const NS_PER_S = 1_000_000_000n;
const PLAIN = { suite: "", keyEpochFrom: 0n, keyEpochTo: 0n } as const;

/** The leaf of an entry: its target is the destination's contract, a receipt's the source's. */
export const leafOf = (hashes: Hashes, registry: Registry, facts: EntryFacts): Uint8Array => {
  const side = facts.kind === ENTRY_KIND.receipt ? facts.from : facts.to;
  return hashes.leaf(registry.relayGenesis, targetOf(registry, chainOf(parseServiceId(side))), facts);
};

type Parts = {
  readonly names: { readonly from: string; readonly to: string };
  readonly type: number;
  readonly timeoutMs: bigint;
  readonly extra: IbtpExtra;
  readonly proven: ProvenEvent;
};

const headOf = ({ names, type, timeoutMs, extra, proven }: Parts): Omit<Ibtp, "payload"> => ({
  ...names,
  index: proven.event.index,
  type,
  timeoutHeight: timeoutMs,
  proof: proven.evidenceHash,
  group: null,
  version: IBTP_VERSION,
  extra: encodeIbtpExtra(extra),
  timestamp: proven.timestampS * NS_PER_S,
  debug: false,
});

/** Makes the conversion over one registry; what comes out has passed the same check that the validators make. */
export const makeConvert = (
  powers: { readonly hashes: Hashes; readonly cipher: MessageCipher },
  registryNow: () => Registry,
): Convert => {
  const { hashes, cipher } = powers;

  const names: Convert["names"] = (event) => {
    const registry = registryNow();
    const from = registry.serviceByKey.get(hexKey(event.fromKey));
    const to = registry.serviceByKey.get(hexKey(event.toKey));
    return from === undefined || to === undefined
      ? refuse(failure("protocol.registry.serviceUnknown", { from: from ?? toHex(event.fromKey), to: to ?? toHex(event.toKey) }))
      : ok({ from, to });
  };
  const finish = (parts: Parts, payload: ClaimedPayload): Result<Converted> => {
    const { encrypted, content, hash, call, result } = payload;
    const ibtp: Ibtp = { ...headOf(parts), payload: encodePayload({ encrypted, content, hash }) };
    const { from, to, index, type, timeoutHeight, proof, version, timestamp } = ibtp;
    const claimed: ClaimedIbtp = {
      from, to, index, type, timeoutHeight, proof, version, timestamp, encrypted,
      payloadHash: hash, call, result, extra: parts.extra, ibtp,
    };
    const facts = checkPublishedEntry({ hashes }, registryNow(), { ibtp: claimed, proven: parts.proven });
    if (!facts.ok) return facts;
    return ok({ facts: facts.value, ibtp: encodeIbtp(ibtp), leaf: toHex(leafOf(hashes, registryNow(), facts.value)) });
  };
  const sealed = (parts: Parts, peerChain: string, salt: Uint8Array, plaintext: Uint8Array): Result<Converted> => {
    const content = cipher.seal(peerChain, headOf(parts), parts.extra, salt, plaintext);
    if (!content.ok) return content;
    const hash = hashes.keccak256(content.value); // of the ciphertext: a hash of the plaintext would let it be guessed
    return finish(parts, { encrypted: true, content: content.value, hash, call: null, result: null });
  };

  return {
    names,
    request: (proven, call) => {
      const { event } = proven;
      const services = names(event);
      if (!services.ok) return services;
      const peerChain = chainOf(parseServiceId(services.value.to));
      const terms = event.isPrivate && call !== null ? cipher.terms(proven.chain, peerChain) : ok(PLAIN);
      if (!terms.ok) return terms;
      const source = targetOf(registryNow(), proven.chain);
      const { bodyHash, requestHash, timeoutMs, priority, isPrivate } = event;
      const extra: IbtpExtra = {
        bodyHash, requestHash, srcChain: source.chain, srcContract: source.contract, timeoutMs, priority, isPrivate,
        status: 0, resultHash: ZERO32, ...terms.value, missingBody: isPrivate && call === null,
      };
      const parts: Parts = { names: services.value, type: IBTP_TYPE.interchain, timeoutMs, extra, proven };
      if (!isPrivate) {
        const content = { func: event.func, args: event.args };
        return finish(parts, { encrypted: false, content: encodeContent(content), hash: hashes.keccak256(contentHashInput(content)), call: content, result: null });
      }
      return call === null
        ? finish(parts, { encrypted: false, content: NONE, hash: NONE, call: null, result: null })
        : sealed(parts, peerChain, requestHash, encodeMessage(privateCall, call));
    },
    receipt: (proven, isPrivate) => {
      const { event } = proven;
      const { requestHash, status, result } = event;
      const services = names(event);
      if (!services.ok) return services;
      const peerChain = chainOf(parseServiceId(services.value.from));
      const terms = isPrivate ? cipher.terms(proven.chain, peerChain) : ok(PLAIN);
      if (!terms.ok) return terms;
      const type = receiptTypeOf(status);
      if (type === null) return refuse(failure("protocol.entry.mismatch", { what: "status" }));
      const registry = registryNow();
      const source = targetOf(registry, peerChain);
      const resultHash = hashes.resultHash(result);
      const extra: IbtpExtra = {
        bodyHash: ZERO32, requestHash, srcChain: source.chain, srcContract: source.contract, timeoutMs: 0n, priority: 0,
        isPrivate, status, resultHash, ...terms.value, missingBody: false,
      };
      const parts: Parts = { names: services.value, type, timeoutMs: 0n, extra, proven };
      const content = encodeResult(result);
      if (!isPrivate) return finish(parts, { encrypted: false, content, hash: resultHash, call: null, result });
      const facts: EntryFacts = { kind: ENTRY_KIND.receipt, ...services.value, index: event.index, requestHash, status, resultHash };
      return sealed(parts, peerChain, leafOf(hashes, registry, facts), content);
    },
  };
};

type ClaimedPayload = {
  readonly encrypted: boolean;
  readonly content: Uint8Array;
  readonly hash: Uint8Array;
  readonly call: ClaimedIbtp["call"];
  readonly result: Uint8Array | null;
};
