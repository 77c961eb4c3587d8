import { type Crypto } from "@crossguardian/crypto";
import { concatBytes, fromHex, to0x } from "@crossguardian/kernel";
import { type Hex } from "viem";

/** One call, to be signed. */
export type RawCall = { readonly to: Hex; readonly data: Hex; readonly gas: bigint };

const rlpBytes = (value: Uint8Array): Uint8Array =>
  value.length === 1 && (value[0] ?? 0) < 0x80 ? value : concatBytes([rlpPrefix(0x80, value.length), value]);

const minimal = (value: bigint): Uint8Array => {
  if (value === 0n) return new Uint8Array(0);
  const hex = value.toString(16);
  return fromHex(hex.length % 2 === 0 ? hex : `0${hex}`);
};

const rlpPrefix = (base: number, length: number): Uint8Array => {
  if (length < 56) return Uint8Array.of(base + length);
  const size = minimal(BigInt(length));
  return concatBytes([Uint8Array.of(base + 55 + size.length), size]);
};

const rlpList = (items: readonly Uint8Array[]): Uint8Array => {
  const body = concatBytes(items.map(rlpBytes));
  return concatBytes([rlpPrefix(0xc0, body.length), body]);
};

/** Signs legacy EIP-155 transactions with the native library: load has to be cheap beside what is measured. */
export const signRaw = (
  crypto: Pick<Crypto, "keccak256" | "secp256k1">,
  privateKey: Uint8Array,
  chainId: number,
  firstNonce: number,
  gasPriceWei: bigint,
  calls: readonly RawCall[],
): readonly Hex[] =>
  calls.map((call, at) => {
    const fields = [
      minimal(BigInt(firstNonce + at)),
      minimal(gasPriceWei),
      minimal(call.gas),
      fromHex(call.to),
      new Uint8Array(0),
      fromHex(call.data),
    ];
    const digest = crypto.keccak256(
      rlpList([...fields, minimal(BigInt(chainId)), new Uint8Array(0), new Uint8Array(0)]),
    );
    const { signature, recovery } = crypto.secp256k1.sign(digest, privateKey);
    const trim = (part: Uint8Array): Uint8Array => minimal(BigInt(to0x(part)));
    return to0x(
      rlpList([...fields, minimal(BigInt(chainId * 2 + 35 + recovery)), trim(signature.subarray(0, 32)), trim(signature.subarray(32))]),
    );
  });
