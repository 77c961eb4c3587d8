import { createECDH, createHash } from "node:crypto";

import { concatBytes, fromHex, type Hash, type Secp256k1 } from "@crossguardian/kernel";
import { sha256d, type TransactionOutput, type UtxoTransaction } from "@crossguardian/proof";
import { encodeUtxoTransaction, encodeWithWitness, payToProgram, scriptSignature, signatureHash } from "@crossguardian/utxo";

/** An output that a key may spend. */
export type Coin = { readonly txid: Uint8Array; readonly vout: number; readonly value: bigint };
/** A signed transaction: as nodes take it, without its witness, and its id. */
export type SignedTransaction = { readonly raw: Uint8Array; readonly encoded: Uint8Array; readonly txid: Uint8Array; readonly transaction: UtxoTransaction };

const SEQUENCE = 0xffff_fffd;

/** Compressed public key of a private key, 33 bytes. */
export const publicKeyOf = (privateKey: Uint8Array): Uint8Array => {
  const curve = createECDH("secp256k1");
  curve.setPrivateKey(privateKey);
  return new Uint8Array(curve.getPublicKey(null, "compressed"));
};

/** RIPEMD-160 of SHA-256 of a public key: what outputs to a key name. */
export const keyHashOf = (publicKey: Uint8Array): Uint8Array =>
  new Uint8Array(createHash("ripemd160").update(createHash("sha256").update(publicKey).digest()).digest());

/** Output script that pays to a key. */
export const payToKey = (publicKey: Uint8Array): Uint8Array => payToProgram(keyHashOf(publicKey));

/** Signs a transaction that spends coins of one key. */
export const signSpend = (crypto: { readonly sha256: Hash; readonly secp256k1: Pick<Secp256k1, "sign"> }, privateKey: Uint8Array, coins: readonly Coin[], outputs: readonly TransactionOutput[]): SignedTransaction => {
  const publicKey = publicKeyOf(privateKey);
  const transaction: UtxoTransaction = {
    version: 2,
    inputs: coins.map(({ txid, vout }) => ({ txid, vout, script: new Uint8Array(0), sequence: SEQUENCE })),
    outputs,
    lockTime: 0,
  };
  const scriptCode = concatBytes([fromHex("76a914"), keyHashOf(publicKey), fromHex("88ac")]);
  const witnesses = coins.map(({ value }, at) => {
    const { signature } = crypto.secp256k1.sign(signatureHash(crypto.sha256, transaction, at, { scriptCode, value }), privateKey);
    return [scriptSignature(signature), publicKey];
  });
  const encoded = encodeUtxoTransaction(transaction);
  return { raw: encodeWithWitness(transaction, witnesses), encoded, txid: sha256d(crypto.sha256, encoded), transaction };
};
