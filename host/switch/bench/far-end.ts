import { Socket } from "node:net";
import { encodeMessage, makeFrameDecoder, makeSendQueue, maxPayloadBytes, MESSAGES } from "@crossguardian/wire";

/**
 * The far process of the hop benchmark: sends each message back ("echo") or counts them and answers one per 1000 ("sink").
 * Argument 1: echo or sink. Argument 2: port to answer to. Channel on descriptor 3.
 */
const isEcho = process.argv[2] === "echo";
const answerTo = Number(process.argv[3]);
const socket = new Socket({ fd: 3, readable: true, writable: true });
const queue = makeSendQueue({
  sink: {
    write: (pieces) => {
      socket.cork();
      for (const piece of pieces) socket.write(piece);
      socket.uncork();
    },
    isFull: () => socket.writableNeedDrain,
    onDrain: (handler) => socket.on("drain", handler),
  },
  soon: setImmediate,
  onWritten: () => undefined,
});
const decoder = makeFrameDecoder(maxPayloadBytes);
const note = encodeMessage(MESSAGES.privateBodyTaken.codec, { chain: "A", bodyHash: new Uint8Array(32), code: "" });
let taken = 0;
socket.on("data", (piece) => {
  const frames = decoder.push(piece);
  if (!frames.ok) throw new Error(frames.failure.code);
  for (const { kind, port, payload } of frames.value) {
    if (port === 255) continue;
    taken += 1;
    if (isEcho) queue.push({ kind, port: answerTo, parts: [payload], payloadBytes: payload.length }, false);
    else if (taken % 1000 === 0) {
      queue.push({ kind: MESSAGES.privateBodyTaken.number, port: answerTo, parts: [note], payloadBytes: note.length }, false);
    }
  }
});
socket.on("end", () => process.exit(0));
