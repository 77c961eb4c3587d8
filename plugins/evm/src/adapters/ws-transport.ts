import { type Duplex } from "node:stream";
import { failure } from "@crossguardian/kernel";
import { type EndpointConfig } from "@crossguardian/protocol";
import { WebSocket } from "ws";
import { CALL_DEADLINE_MS, MAX_ANSWER_BYTES } from "../limits.ts";
import { type OpenTransport } from "../rpc/transport.ts";

/** WebSocket over a stream that the domain was lent. */
export const wsTransport =
  (connect: () => Duplex, endpoint: Pick<EndpointConfig, "host" | "path">): OpenTransport =>
  ({ onOpen, onText, onDown }) => {
    let isDown = false;
    const down = (what: string): void => {
      if (isDown) return;
      isDown = true;
      socket.terminate();
      onDown(failure("evm.rpc.transport", { what }));
    };
    const socket = new WebSocket(`ws://${endpoint.host}${endpoint.path === "" ? "/" : endpoint.path}`, {
      createConnection: () => connect(),
      perMessageDeflate: false,
      followRedirects: false,
      maxPayload: MAX_ANSWER_BYTES,
      handshakeTimeout: CALL_DEADLINE_MS,
      skipUTF8Validation: true, // read as latin1 below: every byte is a character
    });
    socket.binaryType = "nodebuffer";
    socket.on("open", onOpen);
    socket.on("message", (data: Buffer) => {
      if (!isDown) onText(data.toString("latin1"));
    });
    socket.on("error", () => down("websocket"));
    socket.on("close", () => down("closed"));
    return {
      pushes: true,
      post: (requests) => {
        for (const request of requests) if (socket.readyState === WebSocket.OPEN) socket.send(request);
      },
      close: () => {
        isDown = true;
        socket.terminate();
      },
    };
  };
