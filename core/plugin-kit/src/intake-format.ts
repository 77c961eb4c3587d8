import { decodeMessage, encodeMessage, hash32, bytes, struct, text, type Codec } from "@crossguardian/wire";
import { concatBytes, failure, ok, refuse, type Result } from "@crossguardian/kernel";
import { MAX_SEALED_BODY_BYTES } from "./limits.ts";

/** A private body on its way to the intake: u32 length (big-endian), then this. */
export type IntakeRequest = { readonly bodyHash: Uint8Array; readonly sealed: Uint8Array };

const LENGTH_BYTES = 4;
const MAX_CODE_BYTES = 96;

const request: Codec<IntakeRequest> = struct({ bodyHash: hash32, sealed: bytes(MAX_SEALED_BODY_BYTES) });
const answer = struct({ bodyHash: hash32, code: text(MAX_CODE_BYTES) });

/** Largest request, in bytes, without its length. */
export const MAX_INTAKE_REQUEST_BYTES = MAX_SEALED_BODY_BYTES + 64;
/** Largest answer, in bytes, without its length. */
export const MAX_INTAKE_ANSWER_BYTES = 256;

const withLength = (message: Uint8Array): Uint8Array => {
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setUint32(0, message.length);
  return concatBytes([length, message]);
};

/** Bytes of a request. @throws wire.message.bound for a sealed body above MAX_SEALED_BODY_BYTES. */
export const encodeIntakeRequest = (value: IntakeRequest): Uint8Array => withLength(encodeMessage(request, value));

/** Bytes of an answer; an empty code means taken. */
export const encodeIntakeAnswer = (value: { readonly bodyHash: Uint8Array; readonly code: string }): Uint8Array =>
  withLength(encodeMessage(answer, value));

/** Decodes a request without its length. Errors: wire.message.* */
export const decodeIntakeRequest = (untrusted: Uint8Array): Result<IntakeRequest> => decodeMessage(request, untrusted);

/** Decodes an answer without its length. Errors: wire.message.* */
export const decodeIntakeAnswer = (
  untrusted: Uint8Array,
): Result<{ readonly bodyHash: Uint8Array; readonly code: string }> => decodeMessage(answer, untrusted);

/** Takes pieces of a stream and gives whole messages; a message above its bound is refused before it is kept. */
export type LengthReader = { readonly push: (untrustedPiece: Uint8Array) => Result<readonly Uint8Array[]> };

/** Makes a reader of length-prefixed messages of at most `maxBytes`. Errors: evm.intake.malformed. */
export const makeLengthReader = (maxBytes: number): LengthReader => {
  let kept: Uint8Array = new Uint8Array(0);
  return {
    push: (untrustedPiece) => {
      kept = concatBytes([kept, untrustedPiece]);
      const messages: Uint8Array[] = [];
      while (kept.length >= LENGTH_BYTES) {
        const length = new DataView(kept.buffer, kept.byteOffset, kept.byteLength).getUint32(0);
        if (length > maxBytes) return refuse(failure("evm.intake.malformed", { bytes: length, max: maxBytes }));
        if (kept.length < LENGTH_BYTES + length) break;
        messages.push(kept.slice(LENGTH_BYTES, LENGTH_BYTES + length));
        kept = kept.slice(LENGTH_BYTES + length);
      }
      return ok(messages);
    },
  };
};
