import { concatBytes, type Hash, utf8 } from "@crossguardian/kernel";

const TAG = utf8("CrossGuardian.fabric.contract.v1");

/** The gateway contract of a channel as hashes and registrations name it: keccak256(tag || length of channel || channel || chaincode). */
export const fabricContract = (keccak256: Hash, channel: string, chaincode: string): Uint8Array => {
  const name = utf8(channel);
  return keccak256(concatBytes([TAG, Uint8Array.of(name.length), name, utf8(chaincode)]));
};
