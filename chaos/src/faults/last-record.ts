/** Where the length of a record stands in its header, and how long the header is. */
export type RecordForm = { readonly headerBytes: number; readonly lengthAt: number };

/** The journal of an interaction domain (`domains/interaction/src/journal-format.ts`). */
export const JOURNAL_FORM: RecordForm = { headerBytes: 9, lengthAt: 1 };
/** The logs of orderer and validators (`relay-chain/src/log/record.ts`). */
export const LOG_FORM: RecordForm = { headerBytes: 8, lengthAt: 0 };

/** The last record that begins in these bytes: [start, end). Null when there is none. */
export const lastRecord = (bytes: Uint8Array, { headerBytes, lengthAt }: RecordForm): { readonly start: number; readonly end: number } | null => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let last: { readonly start: number; readonly end: number } | null = null;
  let at = 0;
  while (at + headerBytes <= bytes.length) {
    const end = at + headerBytes + view.getUint32(at + lengthAt);
    last = { start: at, end: Math.min(end, bytes.length) };
    at = end;
  }
  return last;
};
