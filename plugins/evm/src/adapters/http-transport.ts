import { Agent, type ClientRequest, type IncomingMessage, request } from "node:http";
import { type Duplex } from "node:stream";
import { failure } from "@crossguardian/kernel";
import { type EndpointConfig } from "@crossguardian/protocol";
import { CALL_DEADLINE_MS, MAX_ANSWER_BYTES, MAX_HTTP_BATCH_CALLS, MAX_HTTP_SOCKETS } from "../limits.ts";
import { type OpenTransport } from "../rpc/transport.ts";

const HTTP_OK = 200;

class LentAgent extends Agent {
  readonly connect: () => Duplex;

  constructor(connect: () => Duplex) {
    super({ keepAlive: true, maxSockets: MAX_HTTP_SOCKETS, keepAliveMsecs: CALL_DEADLINE_MS });
    this.connect = connect;
  }

  // A lent stream is no socket: the agent asks one for keep-alive probes, timeouts and the reference that holds the process.
  override createConnection(): Duplex {
    const lent = this.connect();
    const itself = (): Duplex => lent;
    return "setKeepAlive" in lent ? lent : Object.assign(lent, { setKeepAlive: itself, setTimeout: itself, ref: itself, unref: itself });
  }
}

const readBody = (answer: IncomingMessage, done: (text: string | null) => void): void => {
  const pieces: Buffer[] = [];
  let length = 0;
  answer.on("data", (piece: Buffer) => {
    length += piece.length;
    if (length > MAX_ANSWER_BYTES) {
      answer.destroy();
      done(null);
    } else pieces.push(piece);
  });
  answer.on("error", () => done(null));
  answer.on("end", () => done(Buffer.concat(pieces).toString("latin1")));
};

/** HTTP/1.1 with kept connections over streams that the domain was lent; calls of one moment go as one batch. */
export const httpTransport =
  (connect: () => Duplex, endpoint: Pick<EndpointConfig, "host" | "path">): OpenTransport =>
  ({ onOpen, onText, onDown }) => {
    const agent = new LentAgent(connect);
    const waiting = new Set<ClientRequest>();
    let isDown = false;
    const close = (): void => {
      isDown = true;
      for (const each of waiting) each.destroy();
      agent.destroy();
    };
    const down = (what: string): void => {
      if (isDown) return;
      close();
      onDown(failure("evm.rpc.transport", { what }));
    };
    const send = (body: string): void => {
      const asked = request({
        agent,
        method: "POST",
        headers: { host: endpoint.host, "content-type": "application/json", "content-length": Buffer.byteLength(body) },
        path: endpoint.path === "" ? "/" : endpoint.path,
      });
      waiting.add(asked);
      asked.on("error", () => down("http"));
      asked.on("close", () => waiting.delete(asked));
      asked.on("response", (answer) => {
        if (answer.statusCode !== HTTP_OK) {
          answer.resume();
          down("status");
          return;
        }
        readBody(answer, (text) => {
          if (text === null) down("body");
          else if (!isDown) onText(text);
        });
      });
      asked.end(body);
    };
    queueMicrotask(() => {
      if (!isDown) onOpen();
    });
    return {
      pushes: false,
      post: (requests) => {
        for (let at = 0; at < requests.length; at += MAX_HTTP_BATCH_CALLS) {
          const some = requests.slice(at, at + MAX_HTTP_BATCH_CALLS);
          send(some.length === 1 ? (some[0] ?? "") : `[${some.join(",")}]`);
        }
      },
      close,
    };
  };
