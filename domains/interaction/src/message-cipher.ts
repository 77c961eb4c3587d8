import { chainOf, concatBytes, failure, parseServiceId, refuse, ok, type Result, utf8 } from "@crossguardian/kernel";
import { type Crypto } from "@crossguardian/crypto";
import { type Registry, type RegisteredGateway } from "@crossguardian/protocol";
import { type Ibtp, IBTP_TYPE, ibtpHashInput, type IbtpExtra, type SecurityOrder } from "@crossguardian/wire";
import { hkdf32 } from "./hkdf.ts";

const NONCE = new Uint8Array(12); // one key per message, so one nonce is enough (protocol, "Encryption")
const NONE = new Uint8Array(0);
const SUITES: readonly string[] = ["aes-256-gcm", "chacha20-poly1305"];

/** An IBTP before its payload is made. */
export type IbtpHead = Omit<Ibtp, "payload">;

/** What the key of one message is derived from; `type` says which side sealed it. */
export type MessageTerms = Pick<IbtpHead, "from" | "to" | "index" | "type"> & Pick<IbtpExtra, "suite" | "keyEpochFrom" | "keyEpochTo"> & { readonly salt: Uint8Array };

/** Encrypts contents between the interaction domains of two gateways (protocol, "Encryption"). */
export type MessageCipher = {
  /** Suite and key epochs that a message from a chain of ours to this one carries. Errors: interaction.private.peer, .suite */
  readonly terms: (chain: string, peerChain: string) => Result<Pick<IbtpExtra, "suite" | "keyEpochFrom" | "keyEpochTo">>;
  /** Deterministic: the same message gives the same bytes. `salt` is requestHash, or the leaf of a result. */
  readonly seal: (peerChain: string, head: IbtpHead, terms: IbtpExtra, salt: Uint8Array, plaintext: Uint8Array) => Result<Uint8Array>;
  /** Errors: interaction.private.peer, .suite for a request in a suite that the pair does not allow, interaction.body.decrypt. */
  readonly open: (peerChain: string, head: IbtpHead, terms: IbtpExtra, salt: Uint8Array, untrustedSealed: Uint8Array) => Result<Uint8Array>;
  /** The key of one message of which this gateway is a side, whichever. Errors: interaction.private.peer, interaction.body.epoch. */
  readonly keyOf: (message: MessageTerms) => Result<Uint8Array>;
};

const lengthPrefixed = (parts: readonly string[]): Uint8Array =>
  concatBytes(parts.flatMap((part) => {
    const bytes = utf8(part);
    return [Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes];
  }));

/** Additional authenticated data: everything of the header that is the same in each re-send. */
const headerOf = (head: IbtpHead): Uint8Array => ibtpHashInput({ ...head, payload: NONE });

type CipherOptions = {
  readonly boxPrivateKey: Uint8Array;
  readonly registry: () => Registry;
  readonly me: string;
  /** What it seals with where the pair allows it. */
  readonly suite: string;
  /** Suites of each pair of chains by the security profiles; empty: there are none, every known suite is allowed. */
  readonly pairs: SecurityOrder["pairs"];
};

/**
 * Makes the cipher of gateway `me`. A pair that the profiles do not name seals nothing. A result is opened in any known suite: its request was
 * done, and to refuse it would leave the transfer open for ever.
 */
export const makeMessageCipher = (
  crypto: Pick<Crypto, "x25519" | "aead" | "sha256">,
  options: CipherOptions,
): MessageCipher => {
  const shared = new Map<string, { readonly boxKey: Uint8Array; readonly secret: Uint8Array }>();

  const peerOf = (chain: string): RegisteredGateway | null => {
    const name = options.registry().gatewayOfChain.get(chain);
    return name === undefined ? null : (options.registry().gateways.get(name) ?? null);
  };
  const secretWith = (peer: RegisteredGateway): Uint8Array => {
    const known = shared.get(peer.name);
    if (known?.boxKey === peer.boxKey) return known.secret;
    const secret = crypto.x25519.shared(options.boxPrivateKey, peer.boxKey);
    shared.set(peer.name, { boxKey: peer.boxKey, secret });
    return secret;
  };
  const keyOf = (peer: RegisteredGateway, sender: string, receiver: string, head: Omit<MessageTerms, "salt" | "suite" | "keyEpochFrom" | "keyEpochTo">, terms: Pick<IbtpExtra, "suite" | "keyEpochFrom" | "keyEpochTo">, salt: Uint8Array): Uint8Array => {
    const { suite, keyEpochFrom, keyEpochTo } = terms;
    const info = lengthPrefixed([
      "crossguardian/message-key/v1", suite, keyEpochFrom.toString(), keyEpochTo.toString(),
      sender, receiver, head.from, head.to, head.index.toString(), head.type.toString(),
    ]);
    return hkdf32(crypto.sha256, secretWith(peer), salt, info);
  };
  const noPeer = (chain: string): { readonly ok: false; readonly failure: ReturnType<typeof failure> } =>
    refuse(failure("interaction.private.peer", { chain }));

  const suitesOf = (chain: string, peerChain: string): readonly string[] =>
    options.pairs.length === 0 ? SUITES : (options.pairs.find((pair) => pair.chain === chain && pair.peer === peerChain)?.suites ?? []);
  const wrongSuite = (chain: string, peer: string, suite: string): { readonly ok: false; readonly failure: ReturnType<typeof failure> } =>
    refuse(failure("interaction.private.suite", { chain, peer, suite }));

  return {
    terms: (chain, peerChain) => {
      const suites = suitesOf(chain, peerChain);
      const suite = suites.includes(options.suite) ? options.suite : suites[0];
      if (suite === undefined) return wrongSuite(chain, peerChain, "none");
      const peer = peerOf(peerChain);
      const mine = options.registry().gateways.get(options.me);
      if (peer === null || mine === undefined) return noPeer(peerChain);
      return ok({ suite, keyEpochFrom: mine.keyEpoch, keyEpochTo: peer.keyEpoch });
    },
    seal: (peerChain, head, terms, salt, plaintext) => {
      const peer = peerOf(peerChain);
      if (peer === null) return noPeer(peerChain);
      const key = keyOf(peer, options.me, peer.name, head, terms, salt);
      return ok(crypto.aead.seal(terms.suite, key, NONCE, plaintext, headerOf(head)));
    },
    open: (peerChain, head, terms, salt, untrustedSealed) => {
      const peer = peerOf(peerChain);
      if (peer === null) return noPeer(peerChain);
      const known = SUITES.includes(terms.suite);
      const chain = chainOf(parseServiceId(head.type === IBTP_TYPE.interchain ? head.to : head.from));
      const allowed = head.type === IBTP_TYPE.interchain ? suitesOf(chain, peerChain) : SUITES;
      if (known && !allowed.includes(terms.suite)) return wrongSuite(chain, peerChain, terms.suite);
      const key = keyOf(peer, peer.name, options.me, head, terms, salt);
      const plaintext = known ? crypto.aead.open(terms.suite, key, NONCE, untrustedSealed, headerOf(head)) : null;
      return plaintext === null ? refuse(failure("interaction.body.decrypt", { known })) : ok(plaintext);
    },
    keyOf: ({ salt, ...message }) => {
      const { gatewayOfChain, gateways } = options.registry();
      const [source, destination] = [message.from, message.to].map((service) => chainOf(parseServiceId(service)));
      const [sender, receiver] = message.type === IBTP_TYPE.interchain ? [source, destination] : [destination, source];
      const [from, to] = [sender, receiver].map((chain) => gateways.get(gatewayOfChain.get(chain ?? "") ?? ""));
      const peer = from?.name === options.me ? to : from;
      if (from === undefined || to === undefined || peer === undefined || ![from.name, to.name].includes(options.me)) return noPeer(String(sender));
      // Keys of earlier epochs are gone: what they sealed can not be opened by anybody any more.
      if (message.keyEpochFrom !== from.keyEpoch || message.keyEpochTo !== to.keyEpoch) return refuse(failure("interaction.body.epoch", { from: from.keyEpoch, to: to.keyEpoch }));
      return ok(keyOf(peer, from.name, to.name, message, message, salt));
    },
  };
};
