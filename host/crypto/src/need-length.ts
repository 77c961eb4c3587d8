import { CodedError } from "@crossguardian/kernel";

/** Stops a key, nonce or digest of another length. @throws crypto.key.length */
export const needLength = (what: string, bytes: Uint8Array, wanted: number): void => {
  if (bytes.length !== wanted) {
    throw new CodedError("crypto.key.length", { what, bytes: bytes.length, wanted });
  }
};
