import { CodedError } from "./failure.ts";

/** Objects and lists in each other, at most. */
export const MAX_JSON_DEPTH = 32;

const STRING = /"(?:[^"\\]|\\.)*"/uy;
const COLON = /\s*:/uy;

const matchAt = (pattern: RegExp, text: string, at: number): string | null => {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
};

/** Walks text that is known to be JSON. */
const refuseDoubt = (text: string): void => {
  const keys: (Set<string> | null)[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === "{" || char === "[") {
      if (keys.push(char === "{" ? new Set() : null) > MAX_JSON_DEPTH) throw new CodedError("kernel.json.depth", { most: MAX_JSON_DEPTH });
    } else if (char === "}" || char === "]") keys.pop();
    else if (char === '"') {
      const string = matchAt(STRING, text, at) ?? '"';
      at += string.length - 1;
      const known = matchAt(COLON, text, at + 1) === null ? null : keys.at(-1);
      if (known === null || known === undefined) continue;
      const key = String(JSON.parse(string)); // two ways to write one key are one key
      if (known.has(key)) throw new CodedError("kernel.json.keyTwice", {});
      known.add(key);
    }
  }
};

/**
 * The value of JSON text from outside. Stricter than the language: a key that an object has twice is refused (of two readers one would take the first and
 * the other the last, so what is shown, signed and done could differ), and so is nesting beyond {@link MAX_JSON_DEPTH}.
 * @throws SyntaxError; kernel.json.keyTwice, kernel.json.depth
 */
export const decodeJson = (untrustedText: string): unknown => {
  const value: unknown = JSON.parse(untrustedText);
  refuseDoubt(untrustedText);
  return value;
};
