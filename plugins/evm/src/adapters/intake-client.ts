import { type Duplex } from "node:stream";
import { CodedError } from "@crossguardian/kernel";
import {
  decodeIntakeAnswer,
  encodeIntakeRequest,
  INTAKE_DEADLINE_MS,
  type IntakeRequest,
  makeLengthReader,
  MAX_INTAKE_ANSWER_BYTES,
} from "@crossguardian/plugin-kit";

/**
 * Hands a sealed private body to a gateway's intake over a fresh connection and waits for the word of the interaction
 * domain: an empty code means taken.
 * @throws evm.intake.deadline, evm.intake.malformed, evm.rpc.lost when the connection ends without an answer
 */
export const sendPrivateBody = async (connection: Duplex, body: IntakeRequest): Promise<string> => {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const reader = makeLengthReader(MAX_INTAKE_ANSWER_BYTES);
  const timer = setTimeout(() => reject(new CodedError("evm.intake.deadline")), 2 * INTAKE_DEADLINE_MS);
  connection.on("data", (piece: Uint8Array) => {
    const messages = reader.push(piece);
    if (!messages.ok) {
      reject(new CodedError(messages.failure.code, messages.failure.facts));
      return;
    }
    const [first] = messages.value;
    if (first === undefined) return;
    const answer = decodeIntakeAnswer(first);
    if (answer.ok) resolve(answer.value.code);
    else reject(new CodedError("evm.intake.malformed", { why: answer.failure.code }));
  });
  connection.on("error", () => reject(new CodedError("evm.rpc.lost", { because: "intake" })));
  connection.on("close", () => reject(new CodedError("evm.rpc.lost", { because: "intake" })));
  connection.write(encodeIntakeRequest(body));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    connection.destroy();
  }
};
