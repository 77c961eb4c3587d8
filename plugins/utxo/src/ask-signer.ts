import { type Cancel, type Clock } from "@crossguardian/kernel";
import { type LentEndpoint, makeLengthReader } from "@crossguardian/plugin-kit";
import { MAX_SIGNER_MESSAGE_BYTES, type SignerAnswer, signerAnswer, type SignerQuestion, signerQuestion, withLength } from "@crossguardian/utxo";
import { decodeMessage, encodeMessage } from "@crossguardian/wire";

/** Longest wait for a signer, in ms: it may have to wait for a header itself. */
export const SIGNER_DEADLINE_MS = 8_000;
/** What the slower signers have after the answer that is enough, in ms. */
const GRACE_MS = 200;

type Stream = ReturnType<LentEndpoint["connect"]>;

/** One signer, asked one question at a time over one stream. */
export type SignerLink = {
  /** Null when it does not answer, at once while it owes the answer to an earlier question. */
  readonly ask: (question: SignerQuestion) => Promise<SignerAnswer | null>;
  readonly stop: () => void;
};

/** Makes a link; a broken stream is opened again with the next question. */
export const makeSignerLink = (connect: LentEndpoint["connect"], clock: Clock): SignerLink => {
  let stream: Stream | null = null;
  let waiting: { readonly done: (answer: SignerAnswer | null) => void; readonly cancel: Cancel } | null = null;
  const settle = (answer: SignerAnswer | null): void => {
    const one = waiting;
    waiting = null;
    one?.cancel();
    one?.done(answer);
  };
  const drop = (): void => {
    stream?.destroy();
    stream = null;
    settle(null);
  };
  const open = (): Stream => {
    const fresh = connect();
    const reader = makeLengthReader(MAX_SIGNER_MESSAGE_BYTES);
    const lost = (): void => {
      if (stream === fresh) drop();
    };
    fresh.on("data", (piece: Uint8Array) => {
      const messages = reader.push(piece);
      const [first] = messages.ok ? messages.value : [];
      const answer = first === undefined ? null : decodeMessage(signerAnswer, first);
      if (!messages.ok || answer?.ok === false) lost();
      else if (answer !== null) settle(answer.value);
    });
    fresh.on("error", lost);
    fresh.on("close", lost);
    return fresh;
  };
  return {
    ask: async (question) =>
      new Promise((resolve) => {
        if (waiting !== null) {
          resolve(null);
          return;
        }
        stream ??= open();
        waiting = { done: resolve, cancel: clock.after(SIGNER_DEADLINE_MS, drop) };
        stream.write(withLength(encodeMessage(signerQuestion, question)));
      }),
    stop: drop,
  };
};

/** Asks all signers at once; when `enough` have answered without a refusal the others have a moment more, so that one that hangs holds nothing up. */
export const askSigners = async (signers: readonly SignerLink[], question: SignerQuestion, { enough, clock }: { readonly enough: number; readonly clock: Clock }): Promise<readonly (SignerAnswer | null)[]> => {
  const answers: (SignerAnswer | null)[] = signers.map(() => null);
  const { promise: isEnough, resolve } = Promise.withResolvers<undefined>();
  let willing = 0;
  let cancelGrace: Cancel = () => undefined;
  const all = Promise.all(
    signers.map(async (signer, place) => {
      const answer = await signer.ask(question);
      answers[place] = answer;
      if (answer?.code !== "") return;
      willing += 1;
      if (willing === enough) cancelGrace = clock.after(GRACE_MS, () => resolve(undefined));
    }),
  );
  await Promise.race([all, isEnough]);
  cancelGrace();
  return [...answers];
};
