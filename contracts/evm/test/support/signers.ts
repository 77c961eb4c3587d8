import { type Hex, keccak256, stringToHex } from "viem";
import { privateKeyToAddress, sign } from "viem/accounts";

/** A key whose address is known; lists of them are ascending by address, as contracts want signatures. */
export type Signer = { readonly key: Hex; readonly address: Hex };

export function makeSigners(seed: string, count: number): Signer[] {
  const signers = Array.from({ length: count }, (_, i): Signer => {
    const key = keccak256(stringToHex(`${seed} ${i}`));
    return { key, address: privateKeyToAddress(key) };
  });
  return signers.sort((a, b) => (BigInt(a.address) < BigInt(b.address) ? -1 : 1));
}

/** Signatures r || s || v of a digest, in the order of the signers given. */
export function signAll(digest: Hex, signers: readonly Signer[]): Promise<Hex[]> {
  return Promise.all(signers.map(({ key }) => sign({ hash: digest, privateKey: key, to: "hex" })));
}
