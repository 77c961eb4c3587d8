import { createServer, type Server } from "node:net";
import { type LineSocket, openLineSocket } from "./line-socket.ts";

const MAX_CONNECTIONS_COUNT = 32;
const OWNER_ONLY_UMASK = 0o177;

/** A control socket that is being served. */
export type ControlServer = { readonly close: () => void };

/** Serves requests, one line each, on a socket only its owner can reach. Who closes its side after a request (as `socat` and `nc` do) still gets the answer. */
export const serveControl = async (path: string, answer: (untrustedLine: string) => Promise<string>): Promise<ControlServer> => {
  const open = new Set<LineSocket>();
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    const answering = new Set<Promise<void>>();
    const line = openLineSocket(socket, {
      line: (untrustedLine) => {
        const answered = answer(untrustedLine).then((text) => line.send(text));
        answering.add(answered);
        void answered.then(() => answering.delete(answered));
      },
      lastLine: async () => Promise.allSettled(answering),
      end: () => open.delete(line),
    });
    open.add(line);
  });
  server.maxConnections = MAX_CONNECTIONS_COUNT;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    const before = process.umask(OWNER_ONLY_UMASK);
    server.listen(path, resolve); // bound before this returns
    process.umask(before);
  });
  return {
    close: () => {
      server.close();
      for (const line of open) line.close();
    },
  };
};
