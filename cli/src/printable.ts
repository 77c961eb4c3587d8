/** Text of a domain made fit for a terminal: without control and format characters, so that it can not move the cursor or hide a line. */
export const printable = (untrusted: string, maxChars = 100_000): string => untrusted.slice(0, maxChars).replaceAll(/[\p{Cc}\p{Cf}]/gu, " ");
