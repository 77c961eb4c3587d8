import { type Duplex } from "node:stream";

/** Longest line in characters. */
export const MAX_LINE_CHARS = 1024 * 1024;

/** Lines of text over a stream, in both directions. */
export type LineSocket = {
  readonly send: (line: string) => void;
  readonly close: () => void;
};

/** What a stream of lines has happen. */
export type LineEvents = {
  readonly line: (untrustedLine: string) => void;
  readonly end: () => void;
  /** The other side has said its last line; the stream ends when this resolves. Without it: at once. */
  readonly lastLine?: () => Promise<unknown>;
};

/** Reads lines; a line that is too long or not UTF-8 text ends the stream. */
export const openLineSocket = (stream: Duplex, on: LineEvents): LineSocket => {
  let rest = "";
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    stream.destroy();
    on.end();
  };
  stream.setEncoding("utf8");
  stream.on("data", (text: string) => {
    rest += text;
    for (;;) {
      const at = rest.indexOf("\n");
      if (at < 0) break;
      const line = rest.slice(0, at);
      rest = rest.slice(at + 1);
      if (line !== "") on.line(line);
      if (isOver) return;
    }
    if (rest.length > MAX_LINE_CHARS) end();
  });
  stream.on("error", end);
  stream.on("end", () => {
    if (on.lastLine === undefined) end();
    else void on.lastLine().then(() => stream.end());
  });
  stream.on("close", end);
  return {
    send: (line) => {
      if (!isOver && stream.writable) stream.write(`${line}\n`);
    },
    close: end,
  };
};
