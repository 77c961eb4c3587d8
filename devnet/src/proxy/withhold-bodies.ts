import { decodeMessage, encodeMessage, ENTRY_KIND, gatherFrames, makeFrameDecoder, maxPayloadBytes, messageName, MESSAGES } from "@crossguardian/wire";

const NO_BYTES = new Uint8Array(0);

/** The payload as a node would send it that has no body of a transfer; documents of the registry are kept, as nobody can follow the chain without them. */
const withoutBodies = (kind: number, payload: Uint8Array): Uint8Array => {
  const name = messageName(kind);
  if (name === "block") {
    const block = decodeMessage(MESSAGES.block.codec, payload);
    if (!block.ok) return payload;
    const entries = block.value.entries.map((entry) => (entry.facts.kind === ENTRY_KIND.register ? entry : { ...entry, body: NO_BYTES }));
    return encodeMessage(MESSAGES.block.codec, { ...block.value, entries });
  }
  if (name === "bodies") {
    const answer = decodeMessage(MESSAGES.bodies.codec, payload);
    if (!answer.ok) return payload;
    return encodeMessage(MESSAGES.bodies.codec, { bodies: answer.value.bodies.map(({ cid }) => ({ cid, body: NO_BYTES })) });
  }
  return payload;
};

/** Takes pieces of a stream of frames from an orderer and gives what is to be written; what is no frame ends the taking out, and goes through as it is. */
export const makeBodyWithholding = (): ((piece: Uint8Array) => readonly Uint8Array[]) => {
  const decoder = makeFrameDecoder(maxPayloadBytes);
  let isLost = false;
  return (piece) => {
    if (isLost) return [piece];
    const frames = decoder.push(piece);
    if (!frames.ok) {
      isLost = true;
      return [piece];
    }
    return gatherFrames(
      frames.value.map(({ kind, port, payload }) => {
        const sent = withoutBodies(kind, payload);
        return { kind, port, parts: [sent], payloadBytes: sent.length };
      }),
    );
  };
};
