import { concatBytes, utf8 } from "@crossguardian/kernel";

/** The service contracts of a channel as registrations name them: keccak256(gateway contract || name). */
export const serviceContract = (keccak256: (bytes: Uint8Array) => Uint8Array, contract: Uint8Array, name: string): Uint8Array =>
  keccak256(concatBytes([contract, utf8(name)]));
