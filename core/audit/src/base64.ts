/** Standard base64 with padding (RFC 4648, section 4). */
export const toBase64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));

/** Bytes of canonical base64, or null: no other alphabet, no white space, no missing padding, no stray bits. */
export const fromBase64 = (untrusted: string): Uint8Array | null => {
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.from(atob(untrusted), (each) => each.charCodeAt(0));
  } catch {
    return null; // not base64 at all
  }
  return toBase64(bytes) === untrusted ? bytes : null;
};
