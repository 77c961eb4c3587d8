import { decodeJson } from "@crossguardian/kernel";
/** Longest change, in characters. */
export const MAX_CHANGE_CHARS = 1_024;

/** The change of an order's argument, not checked but for being JSON: the launcher knows the bounds. Null: it is none. */
export const decodeChange = (untrustedText: string): unknown => {
  if (untrustedText.length > MAX_CHANGE_CHARS) return null;
  try {
    return decodeJson(untrustedText);
  } catch {
    return null;
  }
};
