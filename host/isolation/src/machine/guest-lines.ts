/** What a guest says on its control port, one line each; the guest is not trusted once domains run in it. */
export type GuestLine =
  | { readonly type: "up" }
  | { readonly type: "exited"; readonly name: string; readonly code: number }
  | { readonly type: "gone" | "stays" | "done" | "failed"; readonly name: string }
  | { readonly type: "stats"; readonly name: string; readonly numbers: readonly bigint[] };

/** Longest line of a guest in characters. */
export const MAX_GUEST_LINE_CHARS = 512;

const NAME = /^[a-z0-9][a-z0-9-]{0,39}$/u;
const NUMBER = /^\d{1,19}$/u;
const STATS_COUNT = 6;

/** Reads a line; null where it is none of these. */
export const decodeGuestLine = (untrustedLine: string): GuestLine | null => {
  if (untrustedLine.length > MAX_GUEST_LINE_CHARS) return null;
  const [type = "", name = "", ...words] = untrustedLine.split(" ");
  if (type === "up" && name === "") return { type };
  if (!NAME.test(name)) return null;
  switch (type) {
    case "exited": {
      const code = Number(words[0]);
      return Number.isInteger(code) && code >= 0 && code <= 255 ? { type, name, code } : null;
    }
    case "gone":
    case "stays":
    case "done":
    case "failed":
      return { type, name };
    case "stats":
      return words.length === STATS_COUNT && words.every((word) => NUMBER.test(word)) ? { type, name, numbers: words.map(BigInt) } : null;
    default:
      return null;
  }
};
