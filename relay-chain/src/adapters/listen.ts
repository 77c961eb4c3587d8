import { createServer, connect, type Server, type Socket } from "node:net";
import { unlink } from "node:fs/promises";
import { CodedError } from "@crossguardian/kernel";

/** Connections an orderer serves at the same time. */
export const MAX_CONNECTIONS = 256;

/** Where to listen or connect: tcp://host:port or unix:/path. */
export type SocketAddress = { readonly host: string; readonly port: number } | { readonly path: string };

/** Reads an address. @throws relaychain.config.malformed */
export const parseSocketAddress = (text: string): SocketAddress => {
  if (text.startsWith("unix:/")) return { path: text.slice("unix:".length) };
  const match = /^tcp:\/\/(?:\[([0-9a-fA-F:]+)\]|([^:/[\]]+)):(\d{1,5})$/u.exec(text);
  const port = Number(match?.[3] ?? 0);
  if (match === null || port < 1 || port > 65535) throw new CodedError("relaychain.config.malformed", { what: "address" });
  return { host: match[1] ?? match[2] ?? "", port };
};

/** Opens a connection; Nagle off. */
export const connectSocket = (address: SocketAddress): Socket => {
  const socket = connect(address);
  socket.setNoDelay(true);
  return socket;
};

/** Listens; a left-over unix socket of a dead process is removed first. Resolves once bound. */
export const listenAt = async (address: SocketAddress, onSocket: (socket: Socket) => void): Promise<Server> => {
  if ("path" in address) await unlink(address.path).catch(() => undefined);
  const server = createServer({ noDelay: true }, onSocket);
  server.maxConnections = MAX_CONNECTIONS;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(address, () => {
      server.off("error", reject);
      resolve(server);
    });
  });
};
