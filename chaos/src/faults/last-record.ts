/** Where the first record begins, where the length of a record stands in its header, and how long the header is. */
export type RecordForm = { readonly firstAt: number; readonly headerBytes: number; readonly lengthAt: number };

/** The sealed groups of an interaction domain's journal (`domains/interaction/src/sealed-journal.ts`). */
export const JOURNAL_FORM: RecordForm = { firstAt: 12, headerBytes: 5, lengthAt: 1 };
/** The logs of orderer and validators (`relay-chain/src/log/record.ts`). */
export const LOG_FORM: RecordForm = { firstAt: 0, headerBytes: 8, lengthAt: 0 };

/** The last record that begins in these bytes: [start, end). Null when there is none. */
export const lastRecord = (bytes: Uint8Array, { firstAt, headerBytes, lengthAt }: RecordForm): { readonly start: number; readonly end: number } | null => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let last: { readonly start: number; readonly end: number } | null = null;
  let at = firstAt;
  while (at + headerBytes <= bytes.length) {
    const end = at + headerBytes + view.getUint32(at + lengthAt);
    last = { start: at, end: Math.min(end, bytes.length) };
    at = end;
  }
  return last;
};
