import { rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { CodedError } from "@crossguardian/kernel";
import { type Address } from "../parse-address.ts";
import { tuneSocket } from "./dial.ts";

/** A listening socket whose connections become streams of a domain. */
export type Intake = { readonly close: () => Promise<void> };

const listen = (server: Server, address: Address): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("listening", resolve);
    if (address.scheme === "unix") server.listen({ path: address.path });
    else server.listen({ host: address.host, port: address.port });
  });

/** Starts to listen; sockets are handed over unread. @throws network.intake.listen */
export const openIntake = async (address: Address, onSocket: (socket: Socket) => void): Promise<Intake> => {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    if (address.scheme !== "unix") tuneSocket(socket);
    onSocket(socket);
  });
  // A path left behind by a killed process would be in the way.
  const unlink = async (): Promise<void> => {
    if (address.scheme === "unix") await rm(address.path, { force: true });
  };
  try {
    await unlink();
    await listen(server, address);
  } catch (error) {
    throw new CodedError("network.intake.listen", {}, { cause: error });
  }
  return {
    close: async () => {
      server.close();
      await unlink();
    },
  };
};
