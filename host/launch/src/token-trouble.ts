import { CodedError, type FailureCode } from "@crossguardian/kernel";

/** What pkcs11-tool says, and the code of it; the first that fits. */
const TROUBLES: readonly (readonly [says: RegExp, code: FailureCode])[] = [
  [/CKR_PIN_LOCKED/u, "token.pin.locked"],
  [/CKR_PIN_(INCORRECT|INVALID|LEN_RANGE|EXPIRED)/u, "token.pin.wrong"],
  [/No slot with token named|CKR_TOKEN_NOT_(PRESENT|RECOGNIZED)|CKR_SLOT_ID_INVALID|No slots|CKR_DEVICE_REMOVED/u, "token.slot.absent"],
  [/Failed to load pkcs11 module/u, "token.module.missing"],
  [/Could not find key|key not found|object not found/iu, "token.key.absent"],
];

/** The failure behind what pkcs11-tool wrote to its standard error; nothing of that text goes on but a PKCS#11 code. */
export const tokenTrouble = (untrustedSays: string, token: string): CodedError => {
  const code = TROUBLES.find(([says]) => says.test(untrustedSays))?.[1] ?? "token.answer.failed";
  return new CodedError(code, { token, says: /CKR_[A-Z_]{2,40}/u.exec(untrustedSays.split("\n").filter((line) => !line.startsWith("warning:")).join("\n"))?.[0] ?? "" });
};
