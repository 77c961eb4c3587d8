import { once } from "node:events";
import { createServer, request, type ServerResponse } from "node:http";
import { type AddressInfo, type Socket } from "node:net";

import { type NodeMode } from "./plugin-suite.ts";

/** An HTTP proxy in front of a node that a test can turn against the plugin. */
export type HttpFaultProxy = { readonly port: number; mode: NodeMode; readonly drop: () => void; readonly stop: () => Promise<void> };

/** Modes in which what the proxy answers is hostile. */
export const HTTP_HOSTILE_MODES: readonly NodeMode[] = ["hostile-text", "hostile-json", "hostile-deep", "hostile-long", "hostile-binary"];

const LONG_PIECE = "HOSTILE ".repeat(8_192);
const LONG_PIECES = 1_024;
const DEEP = 100_000;

/** Changes one hexadecimal digit, or the first number where there is none. */
const garbled = (text: string): string => {
  const long = /[0-9a-f]{40,}/u.exec(text);
  if (long === null) return text.replace(/\d+/u, "999999999999999999");
  const at = long.index + Math.floor(long[0].length / 2);
  return `${text.slice(0, at)}${text[at] === "0" ? "1" : "0"}${text.slice(at + 1)}`;
};

const answerHostile = (mode: NodeMode, answer: ServerResponse): void => {
  answer.on("error", () => undefined);
  if (mode === "hostile-text") answer.end("HOSTILE <b>\u0000</b>");
  else if (mode === "hostile-json") answer.end(JSON.stringify({ height: "HOSTILE", header: "HOSTILE", events: "HOSTILE", result: { HOSTILE: 1 }, error: "HOSTILE" }));
  else if (mode === "hostile-deep") answer.end("[".repeat(DEEP));
  else if (mode === "hostile-binary") answer.end(Buffer.alloc(4_096, 0xff));
  else {
    let sent = 0;
    const more = (): void => {
      while (sent < LONG_PIECES && !answer.destroyed) {
        sent += 1;
        if (!answer.write(LONG_PIECE)) {
          answer.once("drain", more);
          return;
        }
      }
      answer.end();
    };
    more();
  }
};

/** Starts a proxy to a node on 127.0.0.1. */
export const startHttpFaultProxy = async (upstreamPort: number): Promise<HttpFaultProxy> => {
  const sockets = new Set<Socket>();
  const server = createServer((asked, answer) => {
    const { mode } = proxy;
    if (mode === "cut") {
      asked.socket.destroy();
      return;
    }
    if (mode === "stall") return;
    if (mode === "error") {
      answer.statusCode = 500;
      answer.end("HOSTILE error");
      return;
    }
    if (mode !== "pass" && mode !== "garble") {
      answerHostile(mode, answer);
      return;
    }
    const onward = request({ host: "127.0.0.1", port: upstreamPort, path: asked.url, method: asked.method, headers: asked.headers, agent: false }, (reply) => {
      const pieces: Buffer[] = [];
      reply.on("data", (piece: Buffer) => pieces.push(piece));
      reply.on("end", () => {
        const text = Buffer.concat(pieces).toString("latin1");
        answer.statusCode = reply.statusCode ?? 502;
        answer.end(Buffer.from(mode === "garble" ? garbled(text) : text, "latin1"));
      });
    });
    onward.on("error", () => answer.destroy());
    asked.pipe(onward);
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const drop = (): void => sockets.forEach((socket) => socket.destroy());
  const proxy: HttpFaultProxy = {
    port: (server.address() as AddressInfo).port,
    mode: "pass",
    drop,
    stop: async () => {
      drop();
      server.close();
      await once(server, "close").catch(() => undefined);
    },
  };
  return proxy;
};
