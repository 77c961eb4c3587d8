// Floods the listening socket of an appchain domain until it is ended. Started in a network namespace of its own, so that nothing but this socket is in its reach.
import { connect, type Socket } from "node:net";
import process from "node:process";

const CONNECTIONS = 64;
const PIECE = Buffer.alloc(16 * 1024, 0xa5);
const AGAIN_MS = 1;

const path = process.argv[2] ?? "";
let opened = 0;
let bytes = 0;

const attack = (): void => {
  opened += 1;
  const socket: Socket = connect(path);
  const push = (): void => {
    while (!socket.destroyed && socket.writable) {
      bytes += PIECE.length;
      if (!socket.write(PIECE)) return;
    }
  };
  socket.on("connect", push).on("drain", push).on("error", () => undefined);
  socket.on("close", () => setTimeout(attack, AGAIN_MS));
};

for (let at = 0; at < CONNECTIONS; at += 1) attack();
setInterval(() => process.stdout.write(`${opened} ${bytes}\n`), 100);
process.stdin.resume().on("end", () => process.exit(0));
