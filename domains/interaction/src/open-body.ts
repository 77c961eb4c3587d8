import { chainOf, equalBytes, failure, parseServiceId, refuse, ok, type Result, ibtpId } from "@crossguardian/kernel";
import { type ClaimedIbtp, claimedFacts, type Hashes, openIbtp, type Registry, targetOf } from "@crossguardian/protocol";
import {
  decodeBxh,
  decodeMessage,
  decodePayload,
  decodeResult,
  encodeIbtp,
  ENTRY_KIND,
  type EntryFacts,
  type Message,
  privateCall,
} from "@crossguardian/wire";
import { leafOf } from "./convert.ts";
import { type MessageCipher } from "./message-cipher.ts";

/** What the destination contract is to call, or the result the source contract is to settle with. */
export type OpenedBody =
  | { readonly kind: "call"; readonly call: Message<"submit">["bodies"][number] }
  | { readonly kind: "result"; readonly result: Uint8Array };

const ZERO32 = new Uint8Array(32);
const FACTS = ["from", "to", "index", "kind", "status"] as const;

const mismatch = (facts: EntryFacts, what: string): { readonly ok: false; readonly failure: ReturnType<typeof failure> } =>
  refuse(failure("interaction.body.mismatch", { from: facts.from, to: facts.to, index: facts.index, what }));

const plaintextOf = (cipher: MessageCipher, peerChain: string, ibtp: ClaimedIbtp, salt: Uint8Array): Result<Uint8Array> => {
  const payload = decodePayload(ibtp.ibtp.payload);
  if (!payload.ok) return payload;
  const { payload: _, ...head } = ibtp.ibtp;
  return cipher.open(peerChain, head, ibtp.extra, salt, payload.value.content);
};

/** Opens bodies of attested entries. */
export type OpenBody = (facts: EntryFacts, untrustedBody: Uint8Array) => Result<OpenedBody>;

/**
 * Makes the opener: bxh transaction to IBTP to plaintext, then everything the leaf commits to is computed again from
 * it: bodyHash and requestHash of a request, resultHash of a receipt. A body that gives another is not used.
 * Errors: interaction.body.missing, .mismatch, .decrypt, interaction.private.peer, wire.*.
 */
export const makeOpenBody = (
  powers: { readonly hashes: Hashes; readonly cipher: MessageCipher },
  registryNow: () => Registry,
): OpenBody => {
  const { hashes, cipher } = powers;

  const openCall = (facts: EntryFacts, ibtp: ClaimedIbtp): Result<OpenedBody> => {
    const { extra } = ibtp;
    const sourceChain = chainOf(parseServiceId(facts.from));
    let body: { readonly func: string; readonly args: readonly Uint8Array[]; readonly salt: Uint8Array | null } | null = null;
    if (ibtp.encrypted) {
      const plaintext = plaintextOf(cipher, sourceChain, ibtp, facts.requestHash);
      if (!plaintext.ok) return plaintext;
      const call = decodeMessage(privateCall, plaintext.value);
      if (!call.ok) return mismatch(facts, "plaintext");
      body = call.value;
    } else if (ibtp.call !== null && !extra.isPrivate) body = { ...ibtp.call, salt: null };
    if (body === null) return refuse(failure("interaction.body.missing", { id: idOf(facts) }));
    const { timeoutMs, priority } = extra;
    const source = targetOf(registryNow(), sourceChain);
    const bodyHash = hashes.bodyHash(body);
    const { from, to, index } = facts;
    if (!equalBytes(hashes.requestHash({ source, from, to, index, bodyHash, timeoutMs, priority }), facts.requestHash)) {
      return mismatch(facts, "requestHash");
    }
    const call = {
      srcChain: source.chain, srcContract: source.contract, timeoutMs, priority,
      isPrivate: ibtp.encrypted, salt: body.salt ?? ZERO32, func: body.func, args: body.args,
    };
    return ok({ kind: "call", call });
  };

  const openResult = (facts: EntryFacts, ibtp: ClaimedIbtp): Result<OpenedBody> => {
    let { result } = ibtp;
    if (ibtp.encrypted) {
      const salt = leafOf(hashes, registryNow(), facts);
      const plaintext = plaintextOf(cipher, chainOf(parseServiceId(facts.to)), ibtp, salt);
      if (!plaintext.ok) return plaintext;
      const opened = decodeResult(plaintext.value);
      if (!opened.ok) return mismatch(facts, "plaintext");
      result = opened.value;
    }
    if (result === null) return refuse(failure("interaction.body.missing", { id: idOf(facts) }));
    return equalBytes(hashes.resultHash(result), facts.resultHash) ? ok({ kind: "result", result }) : mismatch(facts, "resultHash");
  };

  return (facts, untrustedBody) => {
    if (untrustedBody.length === 0) return refuse(failure("interaction.body.missing", { id: idOf(facts) }));
    const bxh = decodeBxh(untrustedBody);
    if (!bxh.ok) return bxh;
    if (bxh.value.ibtp === null) return mismatch(facts, "ibtp");
    const ibtp = openIbtp(encodeIbtp(bxh.value.ibtp));
    if (!ibtp.ok) return ibtp;
    const claimed = claimedFacts(ibtp.value);
    if (!claimed.ok) return claimed;
    for (const each of FACTS) if (claimed.value[each] !== facts[each]) return mismatch(facts, each);
    return facts.kind === ENTRY_KIND.request ? openCall(facts, ibtp.value) : openResult(facts, ibtp.value);
  };
};

const idOf = (facts: EntryFacts): string => ibtpId(parseServiceId(facts.from), parseServiceId(facts.to), facts.index);
