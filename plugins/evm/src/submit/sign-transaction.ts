import { concatBytes, type Hash, type Secp256k1 } from "@crossguardian/kernel";
import { encodeRlp, rlpInteger, type RlpValue } from "@crossguardian/proof";

/** What a transaction pays: EIP-1559 where the chain has a base fee, else a gas price. All in wei per gas. */
export type Fee =
  | { readonly kind: "eip1559"; readonly maxFeeWei: bigint; readonly tipWei: bigint }
  | { readonly kind: "legacy"; readonly gasPriceWei: bigint };

/** A contract call to be signed. */
export type UnsignedTransaction = {
  readonly chainId: bigint;
  readonly nonce: bigint;
  readonly to: Uint8Array;
  readonly gas: bigint;
  readonly data: Uint8Array;
  readonly fee: Fee;
};

/** A signed transaction as eth_sendRawTransaction takes it, and its hash. */
export type SignedTransaction = { readonly raw: Uint8Array; readonly hash: Uint8Array };

/** What signing needs. */
export type SigningPowers = { readonly keccak256: Hash; readonly secp256k1: Pick<Secp256k1, "sign"> };

const NOTHING = new Uint8Array(0);
const EIP1559_TYPE = Uint8Array.of(2);
const LEGACY_V_BASE = 35n;

const trimmed = (word: Uint8Array): Uint8Array => {
  let at = 0;
  while (at < word.length && word[at] === 0) at += 1;
  return word.subarray(at);
};

/** Signs a call: EIP-1559 (type 2), or legacy with EIP-155's chain id. */
export const signTransaction = (powers: SigningPowers, key: Uint8Array, unsigned: UnsignedTransaction): SignedTransaction => {
  const { chainId, nonce, to, gas, data, fee } = unsigned;
  const isTyped = fee.kind === "eip1559";
  const price: RlpValue[] = isTyped ? [rlpInteger(fee.tipWei), rlpInteger(fee.maxFeeWei)] : [rlpInteger(fee.gasPriceWei)];
  const fields: RlpValue[] = [rlpInteger(nonce), ...price, rlpInteger(gas), to, NOTHING, data];
  const signed = isTyped ? [rlpInteger(chainId), ...fields, []] : [...fields, rlpInteger(chainId), NOTHING, NOTHING];
  const form = (list: RlpValue): Uint8Array => (isTyped ? concatBytes([EIP1559_TYPE, encodeRlp(list)]) : encodeRlp(list));
  const { signature, recovery } = powers.secp256k1.sign(powers.keccak256(form(signed)), key);
  const rs = [trimmed(signature.subarray(0, 32)), trimmed(signature.subarray(32, 64))];
  const raw = isTyped
    ? form([...signed, rlpInteger(recovery), ...rs])
    : form([...fields, rlpInteger(chainId * 2n + LEGACY_V_BASE + BigInt(recovery)), ...rs]);
  return { raw, hash: powers.keccak256(raw) };
};
