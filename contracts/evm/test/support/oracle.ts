import { concat, encodeAbiParameters, hashTypedData, type Hex, keccak256, pad, stringToHex, toHex } from "viem";

/** The hashes of protocol.md written again with viem, to compare the contracts with. */

export const KIND = { request: 1, receipt: 2, cancel: 3, validators: 5 } as const;
export const STATUS = { begin: 0, cancelling: 2, success: 3, failure: 4, rollback: 5 } as const;
export const ZERO: Hex = pad("0x");

export type Header = { readonly epoch: bigint; readonly height: bigint; readonly prevHash: Hex; readonly tick: bigint; readonly entriesRoot: Hex };
export type Target = { readonly chain: Hex; readonly account: Hex };
export type Body = {
  readonly srcChain: Hex;
  readonly srcContract: Hex;
  readonly timeoutMs: bigint;
  readonly priority: number;
  readonly isPrivate: boolean;
  readonly salt: Hex;
  readonly func: string;
  readonly args: readonly Hex[];
};
export type Facts = {
  readonly from: Hex;
  readonly to: Hex;
  readonly index: bigint;
  readonly requestHash: Hex;
  readonly status: number;
  readonly resultHash: Hex;
};
export type Entry = Facts & { readonly position: number; readonly siblings: readonly Hex[] };

const tag = keccak256(stringToHex("CrossGuardian.request.v1"));
const types = (list: string) => list.split(" ").map((type) => ({ type }));

export const word = (value: bigint | number): Hex => toHex(value, { size: 32 });
export const addressWord = (address: Hex): Hex => pad(address, { size: 32 });
export const serviceKey = (fullId: string): Hex => keccak256(stringToHex(fullId));

export const bodyHash = (body: Pick<Body, "isPrivate" | "salt" | "func" | "args">): Hex =>
  keccak256(
    body.isPrivate
      ? encodeAbiParameters(types("bytes32 string bytes[]"), [body.salt, body.func, body.args])
      : encodeAbiParameters(types("string bytes[]"), [body.func, body.args]),
  );

export const requestHash = (from: Hex, to: Hex, index: bigint, body: Body): Hex =>
  keccak256(
    encodeAbiParameters(types("bytes32 bytes32 bytes32 bytes32 bytes32 uint64 bytes32 uint64 uint8"), [
      tag, body.srcChain, body.srcContract, from, to, index, bodyHash(body), body.timeoutMs, body.priority,
    ]),
  );

export const leafOf = (genesis: Hex, target: Target, kind: number, facts: Facts): Hex =>
  keccak256(
    concat([
      "0x00",
      encodeAbiParameters(types("uint8 bytes32 bytes32 bytes32 bytes32 bytes32 uint64 bytes32 uint8 bytes32"), [
        kind, genesis, target.chain, target.account, facts.from, facts.to, facts.index, facts.requestHash, facts.status, facts.resultHash,
      ]),
    ]),
  );

export const validatorsLeaf = (genesis: Hex, epoch: bigint, validators: readonly Hex[], threshold: number): Hex =>
  keccak256(
    concat([
      "0x00",
      encodeAbiParameters(types("uint8 bytes32 uint64 bytes32 uint8"), [
        KIND.validators, genesis, epoch, keccak256(encodeAbiParameters(types("address[]"), [validators])), threshold,
      ]),
    ]),
  );

/** Root and, per leaf, the siblings bottom-up. */
export function treeOf(leaves: readonly Hex[]): { root: Hex; siblings: Hex[][] } {
  let size = 1;
  while (size < leaves.length) size *= 2;
  let level: Hex[] = Array.from({ length: size }, (_, i) => leaves[i] ?? ZERO);
  const siblings: Hex[][] = leaves.map(() => []);
  for (let depth = 0; level.length > 1; ++depth) {
    for (const [i, path] of siblings.entries()) path.push(level[(i >> depth) ^ 1] as Hex);
    level = Array.from({ length: level.length / 2 }, (_, i) =>
      keccak256(concat(["0x01", level[2 * i] as Hex, level[2 * i + 1] as Hex])),
    );
  }
  return { root: level[0] as Hex, siblings };
}

export const digestOf = (genesis: Hex, header: Header): Hex =>
  hashTypedData({
    domain: { name: "CrossGuardian Relay", version: "1", salt: genesis },
    types: {
      Block: [
        { name: "epoch", type: "uint64" },
        { name: "height", type: "uint64" },
        { name: "prevHash", type: "bytes32" },
        { name: "tick", type: "uint64" },
        { name: "entriesRoot", type: "bytes32" },
      ],
    },
    primaryType: "Block",
    message: header,
  });

export const governedDigestOf = (chainId: number, gateway: Hex, nonce: bigint, calls: readonly Hex[]): Hex =>
  hashTypedData({
    domain: { name: "CrossGuardian Gateway", version: "1", chainId, verifyingContract: gateway },
    types: { Governed: [{ name: "nonce", type: "uint256" }, { name: "calls", type: "bytes[]" }] },
    primaryType: "Governed",
    message: { nonce, calls },
  });

export const receiptHashOf = (request: Hex, status: number, result: Hex): Hex =>
  keccak256(encodeAbiParameters(types("bytes32 uint8 bytes32"), [request, status, keccak256(result)]));
