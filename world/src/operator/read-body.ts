import { type Crypto } from "@crossguardian/crypto";
import { CodedError, fromHex, ibtpId, parseServiceId, toHex, utf8 } from "@crossguardian/kernel";
import { openIbtp } from "@crossguardian/protocol";
import { decodeBxh, decodeMessage, decodePayload, decodeResult, encodeIbtp, ENTRY_KIND, type Ibtp, ibtpHashInput, type IbtpExtra, type Message, privateCall } from "@crossguardian/wire";

import { ordererHostOf } from "../house-specs.ts";
import { connectOrderer } from "../orderer-client.ts";
import { type SavedWorld } from "../saved-world.ts";

/** The two bodies of a transfer. */
export type BodyKind = "request" | "receipt";

/** A private body as the relay chain keeps it: ciphertext, and what its key is derived from. */
export type SealedBody = {
  readonly id: string;
  readonly kind: BodyKind;
  readonly ibtp: Ibtp;
  readonly extra: IbtpExtra;
  /** requestHash, or the leaf of a receipt. */
  readonly salt: Uint8Array;
  readonly sealed: Uint8Array;
};

/** A body in the clear; it is nowhere else. */
export type OpenedBody = { readonly id: string; readonly kind: BodyKind; readonly func: string | null; readonly args: readonly Uint8Array[] };

/** from-to-index: each service is bxh:chain:name. */
const ID = /^[^:]+:([^:]+):[^:]+-[^:]+:([^:]+):[^:]+-\d+$/u;
const QUIET_MS = 3_000;
/** Blocks looked through for one transfer; later ones are not. */
export const MAX_BLOCKS_READ = 200_000;
const NONCE = new Uint8Array(12); // one key per message (protocol, "Encryption")

const sealedIn = (block: Message<"block">, id: string, kind: BodyKind): SealedBody | null => {
  for (const { facts, position, body } of block.entries) {
    if (facts.kind !== ENTRY_KIND[kind] || body.length === 0 || ibtpId(parseServiceId(facts.from), parseServiceId(facts.to), facts.index) !== id) continue;
    const bxh = decodeBxh(body);
    const opened = bxh.ok && bxh.value.ibtp !== null ? openIbtp(encodeIbtp(bxh.value.ibtp)) : null;
    const leaf = block.leaves[position];
    if (opened?.ok !== true || leaf === undefined) throw new CodedError("cli.body.malformed", { id });
    const { ibtp, extra, encrypted } = opened.value;
    if (!encrypted) throw new CodedError("cli.body.public", { id });
    const payload = decodePayload(ibtp.payload);
    if (!payload.ok) throw new CodedError("cli.body.malformed", { id });
    return { id, kind, ibtp, extra, salt: kind === "request" ? facts.requestHash : leaf, sealed: payload.value.content };
  }
  return null;
};

/** Finds a private body in the relay chain's blocks, as the gateway it is for is sent them. @throws cli.body.absent, .public, .malformed, cli.orderer.silent */
export const findBody = async (saved: SavedWorld, id: string, kind: BodyKind): Promise<SealedBody> => {
  const [, source = "", destination = ""] = ID.exec(id) ?? [];
  const chain = kind === "request" ? destination : source;
  const gateway = saved.topology.gateways.find(({ chains }) => chains.includes(chain));
  if (gateway === undefined) throw new CodedError("cli.argument.bad", { id, why: "no transfer between chains of this instance" });
  const client = await connectOrderer(saved.ordererPort, 1, gateway.name, ordererHostOf(saved));
  try {
    client.send("wantBlocks", { from: 1n });
    for (let read = 0; read < MAX_BLOCKS_READ; read += 1) {
      const block = await client.next("block", QUIET_MS).catch(() => null);
      const found = block === null ? null : sealedIn(block, id, kind);
      if (found !== null) return found;
      if (block === null) break;
    }
    throw new CodedError("cli.body.absent", { id, kind });
  } finally {
    client.close();
  }
};

/** The argument of the order: which message, and the officer's one-time box key. */
export const bodyQuestion = ({ ibtp, extra, salt }: SealedBody, boxPublicKey: Uint8Array): string =>
  JSON.stringify({
    from: ibtp.from, to: ibtp.to, index: ibtp.index.toString(), type: ibtp.type.toString(), suite: extra.suite,
    keyEpochFrom: extra.keyEpochFrom.toString(), keyEpochTo: extra.keyEpochTo.toString(), salt: toHex(salt), receiver: toHex(boxPublicKey),
  });

/** Opens a body with what the interaction domain answered. @throws cli.body.malformed */
export const openBody = (crypto: Pick<Crypto, "openSealed" | "aead">, body: SealedBody, boxPrivateKey: Uint8Array, untrustedAnswer: unknown): OpenedBody => {
  const { id, kind, ibtp, extra } = body;
  const sealed = typeof untrustedAnswer === "object" && untrustedAnswer !== null && "sealed" in untrustedAnswer ? untrustedAnswer.sealed : null;
  const key = typeof sealed === "string" ? crypto.openSealed(boxPrivateKey, fromHex(sealed)) : null;
  const header = ibtpHashInput({ ...ibtp, payload: new Uint8Array(0) });
  const plaintext = key === null ? null : crypto.aead.open(extra.suite, key, NONCE, body.sealed, header);
  if (plaintext === null) throw new CodedError("cli.body.malformed", { id });
  if (kind === "request") {
    const call = decodeMessage(privateCall, plaintext);
    if (!call.ok) throw new CodedError("cli.body.malformed", { id });
    return { id, kind, func: call.value.func, args: call.value.args };
  }
  const result = decodeResult(plaintext);
  if (!result.ok) throw new CodedError("cli.body.malformed", { id });
  return { id, kind, func: null, args: [result.value] };
};

/** Bytes for a person: text where it is nothing but that, otherwise hexadecimal. */
export const shownBytes = (bytes: Uint8Array): string => {
  const text = new TextDecoder().decode(bytes);
  return /^[\p{L}\p{N}\p{P}\p{S}\p{Zs}]+$/u.test(text) && Buffer.from(utf8(text)).equals(bytes) ? text : `0x${toHex(bytes)}`;
};
