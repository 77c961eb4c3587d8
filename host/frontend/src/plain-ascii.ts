/** Printable ASCII of at most so many characters, so as many bytes; anything else becomes "?". */
export const plainAscii = (text: string, maxChars: number): string =>
  text.slice(0, maxChars).replaceAll(/[^\u0020-\u007e]/gu, "?");
