import { Agent, request } from "node:http";
import { type Duplex } from "node:stream";
import { CodedError } from "@crossguardian/kernel";

/** Connections that one asker keeps open at a time. */
const MAX_ASK_SOCKETS = 8;
const HTTP_OK = 200;

/** A question to a listed endpoint; `body` makes it a POST of JSON. */
export type HttpQuestion = { readonly path: string; readonly body?: string };

/** Asks a listed endpoint over HTTP/1.1 and streams that the domain was lent. */
export type AskHttp = {
  /** Text of the answer, every byte a character. @throws plugin.node.failed, plugin.node.deadline, plugin.answer.oversize */
  readonly ask: (question: HttpQuestion) => Promise<string>;
  readonly stop: () => void;
};

class LentAgent extends Agent {
  readonly connect: () => Duplex;

  constructor(connect: () => Duplex) {
    super({ keepAlive: true, maxSockets: MAX_ASK_SOCKETS });
    this.connect = connect;
  }

  // A lent stream is no socket: the agent asks one for keep-alive probes, timeouts and the reference that holds the process.
  override createConnection(): Duplex {
    const lent = this.connect();
    const itself = (): Duplex => lent;
    return "setKeepAlive" in lent ? lent : Object.assign(lent, { setKeepAlive: itself, setTimeout: itself, ref: itself, unref: itself });
  }
}

/** Makes an asker. A connection error, another status than 200, a longer answer or a later one than allowed is a CodedError. */
export const makeAskHttp = (
  connect: () => Duplex,
  options: { readonly host: string; readonly maxAnswerBytes: number; readonly deadlineMs: number; readonly headers?: Readonly<Record<string, string>> },
): AskHttp => {
  const agent = new LentAgent(connect);
  return {
    stop: () => agent.destroy(),
    ask: ({ path, body }) =>
      new Promise((resolve, reject) => {
        const asked = request({
          agent,
          path,
          method: body === undefined ? "GET" : "POST",
          headers: { host: options.host, ...options.headers, ...(body === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }) },
        });
        const timer = setTimeout(() => end(new CodedError("plugin.node.deadline", { ms: options.deadlineMs })), options.deadlineMs);
        const end = (error: CodedError): void => {
          clearTimeout(timer);
          asked.destroy();
          reject(error);
        };
        asked.on("error", () => end(new CodedError("plugin.node.failed", { what: "connection" })));
        asked.on("response", (answer) => {
          if (answer.statusCode !== HTTP_OK) {
            end(new CodedError("plugin.node.failed", { what: "status", status: answer.statusCode ?? 0 }));
            return;
          }
          const pieces: Buffer[] = [];
          let length = 0;
          answer.on("data", (piece: Buffer) => {
            length += piece.length;
            if (length > options.maxAnswerBytes) end(new CodedError("plugin.answer.oversize", { max: options.maxAnswerBytes }));
            else pieces.push(piece);
          });
          answer.on("error", () => end(new CodedError("plugin.node.failed", { what: "answer" })));
          answer.on("end", () => {
            clearTimeout(timer);
            resolve(Buffer.concat(pieces).toString("latin1"));
          });
        });
        asked.end(body);
      }),
  };
};
