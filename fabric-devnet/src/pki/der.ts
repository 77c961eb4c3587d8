/** Writes DER (X.690), as far as certificates need it. */
export const tlv = (tag: number, ...parts: readonly Uint8Array[]): Uint8Array => {
  const content = Buffer.concat(parts);
  if (content.length < 0x80) return Buffer.concat([Uint8Array.of(tag, content.length), content]);
  const digits: number[] = [];
  for (let rest = content.length; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256);
  return Buffer.concat([Uint8Array.of(tag, 0x80 | digits.length, ...digits), content]);
};

/** SEQUENCE. */
export const sequence = (...parts: readonly Uint8Array[]): Uint8Array => tlv(0x30, ...parts);
/** SET. */
export const set = (...parts: readonly Uint8Array[]): Uint8Array => tlv(0x31, ...parts);

/** INTEGER of unsigned big-endian bytes. */
export const integer = (bytes: Uint8Array): Uint8Array => {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  const rest = bytes.subarray(start);
  return tlv(0x02, (rest[0] ?? 0) >= 0x80 ? Buffer.concat([Uint8Array.of(0), rest]) : rest);
};

/** OBJECT IDENTIFIER from dotted text. */
export const objectId = (dotted: string): Uint8Array => {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const digits = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) digits.unshift(0x80 | (left % 128));
    bytes.push(...digits);
  }
  return tlv(0x06, Uint8Array.from(bytes));
};

/** BIT STRING without unused bits. */
export const bitString = (bytes: Uint8Array): Uint8Array => tlv(0x03, Uint8Array.of(0), bytes);
/** OCTET STRING. */
export const octetString = (bytes: Uint8Array): Uint8Array => tlv(0x04, bytes);
/** UTF8String. */
export const utf8String = (text: string): Uint8Array => tlv(0x0c, Buffer.from(text));
/** BOOLEAN true. */
export const yes = (): Uint8Array => tlv(0x01, Uint8Array.of(0xff));

/** GeneralizedTime of whole seconds. */
export const time = (date: Date): Uint8Array => tlv(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]/gu, "").slice(0, 14)}Z`));

/** PEM text of DER. */
export const pem = (label: string, der: Uint8Array): string => {
  const lines = Buffer.from(der).toString("base64").match(/.{1,64}/gu) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
};
