import { type Hash } from "@crossguardian/kernel";

const BLOOM_BITS_MASK = 2047;

/**
 * Makes the test whether a block's bloom filter (256 bytes; yellow paper, M3:2048) can hold `value`, an address or a topic.
 * The filter is part of the header's hash, so that a node cannot hide an event behind another filter.
 */
export const makeBloomTest = (powers: { readonly keccak256: Hash }, value: Uint8Array): ((bloom: Uint8Array) => boolean) => {
  const hash = powers.keccak256(value);
  const bits = [0, 2, 4].map((at) => (((hash[at] ?? 0) << 8) | (hash[at + 1] ?? 0)) & BLOOM_BITS_MASK);
  return (bloom) => bits.every((bit) => (((bloom[255 - (bit >> 3)] ?? 0) >> (bit & 7)) & 1) === 1);
};
