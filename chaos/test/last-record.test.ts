import assert from "node:assert/strict";
import { test } from "node:test";

import { JOURNAL_FORM, lastRecord, LOG_FORM, type RecordForm } from "../src/faults/last-record.ts";

/** A file of records with so many bytes each, as a form says. */
const fileOf = ({ firstAt, headerBytes, lengthAt }: RecordForm, lengths: readonly number[]): Uint8Array => {
  const records = lengths.map((length) => {
    const record = Buffer.alloc(headerBytes + length, 7);
    record.writeUInt32BE(length, lengthAt);
    return record;
  });
  return Buffer.concat([Buffer.alloc(firstAt, 9), ...records]);
};

for (const [name, form] of [["journal", JOURNAL_FORM], ["log", LOG_FORM]] as const) {
  test(`the last record of a ${name} is found, and none where there is none`, () => {
    const whole = fileOf(form, [30, 0, 41]);
    assert.deepEqual(lastRecord(whole, form), { start: whole.length - form.headerBytes - 41, end: whole.length });
    assert.deepEqual(lastRecord(whole.subarray(0, -3), form), { start: whole.length - form.headerBytes - 41, end: whole.length - 3 });
    assert.equal(lastRecord(fileOf(form, []), form), null);
  });
}
