import { type Hex, keccak256, toRlp } from "viem";

/** A block header as JSON-RPC gives it; other members of the block are left alone. */
export type HeaderJson = Record<string, unknown> & { number: Hex; hash: Hex; parentHash: Hex };

// Order of the header's RLP list: yellow paper section 4.4, then EIP-1559, 4895, 4844, 4788, 7685.
const FIXED = [
  ...["parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot"],
  ...["logsBloom", "difficulty", "number", "gasLimit", "gasUsed", "timestamp", "extraData"],
  ...["mixHash", "nonce"],
];
const LATER = [
  ...["baseFeePerGas", "withdrawalsRoot", "blobGasUsed", "excessBlobGas"],
  ...["parentBeaconBlockRoot", "requestsHash"],
];
const QUANTITIES = new Set([
  ...["difficulty", "number", "gasLimit", "gasUsed", "timestamp"],
  ...["baseFeePerGas", "blobGasUsed", "excessBlobGas"],
]);

const asBytes = (name: string, value: unknown): Hex => {
  if (typeof value !== "string" || !value.startsWith("0x")) {
    throw new Error(`header member ${name} is missing`);
  }
  const digits = QUANTITIES.has(name) ? value.slice(2).replace(/^0+/u, "") : value.slice(2);
  return `0x${digits.length % 2 === 1 ? "0" : ""}${digits}`;
};

/** Hash of a header from its members: keccak256 of their RLP list. */
export const headerHash = (header: HeaderJson): Hex => {
  const later = LATER.filter((name) => header[name] !== undefined && header[name] !== null);
  return keccak256(toRlp([...FIXED, ...later].map((name) => asBytes(name, header[name]))));
};

/** Whether a foreign value has the members that every header has. */
export const isHeader = (value: unknown): value is HeaderJson =>
  typeof value === "object" &&
  value !== null &&
  ["number", "hash", "parentHash", "receiptsRoot"].every(
    (name) => name in value && typeof Reflect.get(value, name) === "string",
  );
