import { type LentEndpoint, makeLengthReader } from "@crossguardian/plugin-kit";
import { MAX_SIGNER_MESSAGE_BYTES, signerAnswer, signerQuestion, withLength } from "@crossguardian/utxo";
import { decodeMessage, encodeMessage } from "@crossguardian/wire";
import { type Signer } from "./signer.ts";

/** Answers the questions of one stream, one after the other; bytes that are no question, or a question before the answer to the last one, end it. `failed` hears of a bug. */
export const serveSigner = (stream: ReturnType<LentEndpoint["connect"]>, answer: Signer["answer"], failed: (error: unknown) => void): void => {
  const reader = makeLengthReader(MAX_SIGNER_MESSAGE_BYTES);
  let isBusy = false;
  stream.on("data", (piece: Uint8Array) => {
    const messages = reader.push(piece);
    if (!messages.ok) {
      stream.destroy();
      return;
    }
    for (const message of messages.value) {
      const question = decodeMessage(signerQuestion, message);
      if (!question.ok || isBusy) {
        stream.destroy();
        return;
      }
      isBusy = true;
      answer(question.value).then((said) => {
        isBusy = false;
        if (!stream.destroyed) stream.write(withLength(encodeMessage(signerAnswer, said)));
      }, failed);
    }
  });
  stream.on("error", () => stream.destroy());
};
