import { once } from "node:events";
import { renameSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { CodedError } from "@crossguardian/kernel";
import { descriptorOf } from "../descriptor-of.ts";
import { errorCode } from "../files.ts";

/** A listening socket that another process accepts from: one that is handed its descriptor. */
export type HandedListener = { readonly fd: number; readonly release: () => void };

/** The connection is there at once; this process may be long in being let look at it. */
const CONNECT_DEADLINE_MS = 30_000;

/**
 * Listens at a path below a folder nobody else can enter. The process that takes the descriptor never sees the path, so it cannot put
 * something else there. `release` closes this process's copy.
 */
export const listenFor = async (path: string): Promise<HandedListener> => {
  const server = createServer({ pauseOnConnect: true });
  server.listen(`${path}.new`);
  await once(server, "listening");
  // Closing the server removes the name it was bound to.
  renameSync(`${path}.new`, path);
  const fd = descriptorOf(server);
  if (fd === null) throw new CodedError("isolation.start.failed", { what: "descriptor" });
  return { fd, release: () => server.close() };
};

/** Connects and reads nothing. @throws isolation.start.failed */
export const connectPaused = async (path: string): Promise<Socket> => {
  const socket = connect({ path });
  socket.pause();
  const timer = setTimeout(() => socket.destroy(new Error("late")), CONNECT_DEADLINE_MS);
  try {
    await once(socket, "connect");
  } catch (cause) {
    throw new CodedError("isolation.start.failed", { what: "channel", error: errorCode(cause) || "late" }, { cause });
  } finally {
    clearTimeout(timer);
  }
  socket.on("error", () => undefined);
  return socket;
};
