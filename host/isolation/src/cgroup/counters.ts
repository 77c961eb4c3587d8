import { type Pressure } from "../driver.ts";

const asBigint = (text: string): bigint => (/^\d{1,20}$/.test(text) ? BigInt(text) : 0n);

/** One counter of a flat keyed file such as `cpu.stat`; 0 where it is not listed. */
export const keyedCounter = (text: string, key: string): bigint =>
  asBigint(text.split("\n").find((line) => line.startsWith(`${key} `))?.slice(key.length + 1).trim() ?? "");

/** A file that holds one number; null for `max`, an empty text or anything else. */
export const singleNumber = (text: string): bigint | null => {
  const value = text.trim();
  return /^\d{1,20}$/.test(value) ? BigInt(value) : null;
};

const tenSeconds = (text: string, kind: "some" | "full"): number => {
  const match = new RegExp(`^${kind} avg10=(\\d+\\.\\d+)`, "m").exec(text);
  return match === null ? 0 : Number(match[1]);
};

/** A pressure file (kernel document accounting/psi). */
export const parsePressure = (text: string): Pressure => ({
  someAvg10: tenSeconds(text, "some"),
  fullAvg10: tenSeconds(text, "full"),
});
