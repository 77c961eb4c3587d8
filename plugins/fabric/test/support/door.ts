import { connect, createServer, type Server, type Socket } from "node:net";

/** What stands between plugin and peer. */
export type Door = {
  readonly port: number;
  /** "pass", "cut" (nothing listens), "stall" (nothing passes), "garble" (bytes change on their way); also another port to lead to. */
  readonly set: (mode: "pass" | "cut" | "stall" | "garble" | number) => void;
  readonly stop: () => Promise<void>;
};

/** Opens a door to a port of this machine. */
export const openDoor = async (target: number): Promise<Door> => {
  let mode: Parameters<Door["set"]>[0] = "pass";
  const open = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    open.add(socket);
    socket.on("error", () => undefined).on("close", () => open.delete(socket));
    return socket;
  };
  const server: Server = createServer((client) => {
    keep(client);
    if (mode === "cut") client.destroy();
    if (mode === "cut" || mode === "stall") return;
    const node = keep(connect(typeof mode === "number" ? mode : target, "127.0.0.1"));
    const isGarbling = mode === "garble";
    client.on("data", (piece) => node.write(piece));
    node.on("data", (piece) => {
      if (isGarbling) for (let at = 0; at < piece.length; at += 97) piece[at] = (piece[at] ?? 0) ^ 0x55;
      client.write(piece);
    });
    client.on("close", () => node.destroy());
    node.on("close", () => client.destroy());
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  return {
    port,
    set: (next) => {
      mode = next;
      for (const each of open) each.destroy();
    },
    stop: async () => {
      for (const each of open) each.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
