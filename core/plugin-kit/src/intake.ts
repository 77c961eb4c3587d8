import { type Cancel, type Clock, equalBytes, failure, type Failure, type Log, toHex } from "@crossguardian/kernel";
import { type Message } from "@crossguardian/wire";
import { INTAKE_DEADLINE_MS, MAX_INTAKE_CONNECTIONS } from "./limits.ts";
import { decodeIntakeRequest, encodeIntakeAnswer, makeLengthReader, MAX_INTAKE_REQUEST_BYTES } from "./intake-format.ts";

/** A client's connection, as the adapter lends it. */
export type IntakeConnection = {
  readonly write: (bytes: Uint8Array) => void;
  /** Ends after what was written. */
  readonly end: () => void;
};

/** Takes sealed private bodies of local clients and hands them to the interaction domain. */
export type Intake = {
  /** A new connection; the answer takes its bytes, and hears of its end by null. */
  readonly open: (connection: IntakeConnection) => (untrustedPiece: Uint8Array | null) => void;
  readonly onTaken: (message: Pick<Message<"privateBodyTaken">, "bodyHash" | "code">) => void;
};

type Waiting = { readonly bodyHash: Uint8Array; readonly answer: (code: string) => void; readonly cancel: Cancel };

const MAX_WAITING_BODIES = 256;

/** Makes an intake. `tell` false: the channel is full, the client is told so. */
export const makeIntake = (options: {
  readonly chain: string;
  readonly tell: (message: Message<"privateBody">) => boolean;
  readonly clock: Clock;
  readonly log: Log;
}): Intake => {
  const { clock, log } = options;
  let connections = 0;
  let waiting: Waiting[] = [];

  const take = (connection: IntakeConnection, untrusted: Uint8Array): Failure | null => {
    const request = decodeIntakeRequest(untrusted);
    if (!request.ok) return failure("evm.intake.malformed", { why: request.failure.code });
    const { bodyHash, sealed } = request.value;
    const answer = (code: string): void => connection.write(encodeIntakeAnswer({ bodyHash, code }));
    if (waiting.length >= MAX_WAITING_BODIES || !options.tell({ chain: options.chain, bodyHash, sealed })) {
      answer("evm.intake.full");
      return null;
    }
    const one: Waiting = {
      bodyHash,
      answer,
      cancel: clock.after(INTAKE_DEADLINE_MS, () => {
        waiting = waiting.filter((each) => each !== one);
        answer("evm.intake.deadline");
      }),
    };
    waiting.push(one);
    return null;
  };

  return {
    open: (connection) => {
      connections += 1;
      const reader = makeLengthReader(MAX_INTAKE_REQUEST_BYTES);
      let isOpen = true;
      const close = (): void => {
        if (!isOpen) return;
        isOpen = false;
        connections -= 1;
        cancelIdle();
        connection.end();
      };
      let cancelIdle = clock.after(INTAKE_DEADLINE_MS, close);
      if (connections > MAX_INTAKE_CONNECTIONS) close();
      return (untrustedPiece) => {
        if (!isOpen) return;
        if (untrustedPiece === null) {
          close();
          return;
        }
        cancelIdle();
        cancelIdle = clock.after(2 * INTAKE_DEADLINE_MS, close);
        const messages = reader.push(untrustedPiece);
        const refusal = messages.ok
          ? (messages.value.map((each) => take(connection, each)).find((each) => each !== null) ?? null)
          : messages.failure;
        if (refusal === null) return;
        log.warn(refusal.code, refusal.facts);
        close();
      };
    },
    onTaken: ({ bodyHash, code }) => {
      const taken = waiting.filter((each) => equalBytes(each.bodyHash, bodyHash));
      waiting = waiting.filter((each) => !equalBytes(each.bodyHash, bodyHash));
      for (const each of taken) {
        each.cancel();
        each.answer(code);
      }
      log.info("evm.intake.taken", { bodyHash: toHex(bodyHash), code });
    },
  };
};
