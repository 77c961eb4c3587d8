import { Socket } from "node:net";

/** Longest line of the launcher, in characters: a signed order as JSON text in JSON. */
const MAX_LINE_CHARS = 1024 * 1024;

/** The line to the launcher, JSON objects one a line. */
export type LauncherLine = { readonly send: (value: unknown) => void };

/** Opens the descriptor the launcher left open for management alone. */
export const openLauncherLine = (fd: number, on: { readonly line: (text: string) => void; readonly end: () => void }): LauncherLine => {
  const socket = new Socket({ fd, readable: true, writable: true });
  let rest = "";
  socket.setEncoding("utf8");
  socket.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") on.line(line);
    if (rest.length > MAX_LINE_CHARS) on.end();
  });
  socket.on("error", on.end);
  socket.on("close", on.end);
  return {
    send: (value) => {
      socket.write(`${JSON.stringify(value)}\n`);
    },
  };
};
