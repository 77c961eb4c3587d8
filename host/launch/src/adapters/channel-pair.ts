import { connect, createServer, type Socket } from "node:net";
import { rmSync } from "node:fs";
import { descriptorOf } from "@crossguardian/isolation";
import { CodedError } from "@crossguardian/kernel";

const PAIR_DEADLINE_MS = 30_000;

/**
 * A channel between a domain and the switch. The launcher holds the switch's end and never reads it: a new switch gets
 * the same end, and the domain notices nothing but frames that were under way.
 */
export type ChannelPair = {
  /** Descriptor that becomes the domain's channel. */
  readonly domainFd: number;
  /** Closes the launcher's copy of the domain's end, once the domain has its own. */
  readonly releaseDomainEnd: () => void;
  readonly held: HeldSocket;
};

/** The switch's end of a channel, to be sent over an IPC channel. */
export type HeldSocket = { readonly socket: Socket; readonly close: () => void };

const needDescriptor = (socket: Socket): number => {
  const fd = descriptorOf(socket);
  if (fd === null) throw new CodedError("launch.channel.failed", { what: "descriptor" });
  return fd;
};

/** Makes a pair over a listening socket at `path`, which is gone when the pair is there. @throws launch.channel.failed */
export const makeChannelPair = async (path: string): Promise<ChannelPair> => {
  rmSync(path, { force: true });
  const server = createServer({ pauseOnConnect: true });
  server.maxConnections = 1;
  try {
    const [held, domainEnd] = await new Promise<[Socket, Socket]>((resolve, reject) => {
      const fail = (cause?: Error): void => reject(new CodedError("launch.channel.failed", { path }, { cause }));
      const timer = setTimeout(fail, PAIR_DEADLINE_MS);
      let accepted: Socket | null = null;
      let connected: Socket | null = null;
      const both = (): void => {
        if (accepted === null || connected === null) return;
        clearTimeout(timer);
        resolve([accepted, connected]);
      };
      server.once("error", fail);
      server.once("connection", (socket) => {
        accepted = socket;
        both();
      });
      server.listen(path, () => {
        const socket = connect({ path });
        // Paused before it connects: not one byte is read here.
        socket.pause();
        socket.once("error", fail);
        socket.once("connect", () => {
          connected = socket;
          both();
        });
      });
    });
    for (const socket of [held, domainEnd]) socket.on("error", () => undefined);
    // Or Node would count the socket in the receiving process as one of a server there.
    (held as unknown as { server: null }).server = null;
    return {
      domainFd: needDescriptor(domainEnd),
      releaseDomainEnd: () => domainEnd.destroy(),
      held: { socket: held, close: () => held.destroy() },
    };
  } finally {
    server.close();
  }
};
