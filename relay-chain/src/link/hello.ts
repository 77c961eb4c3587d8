import { concatBytes, type Hash, utf8 } from "@crossguardian/kernel";

/** Role of a client of the orderer (core/wire, relayHello). */
export const ROLE = { gateway: 1, validator: 2, client: 3 } as const;

/** What a client signs to introduce itself: keccak256("CrossGuardian.relay.hello" || nonce || name). */
export const helloDigest = (keccak256: Hash, nonce: Uint8Array, name: string): Uint8Array =>
  keccak256(concatBytes([utf8("CrossGuardian.relay.hello"), nonce, utf8(name)]));

/** A signature of zeros: nothing is signed. */
export const NO_SIGNATURE: Uint8Array = new Uint8Array(65);
