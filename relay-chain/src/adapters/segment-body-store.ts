import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { CodedError } from "@crossguardian/kernel";
import { CID_BYTES } from "@crossguardian/wire";
import { type BodyStore, MAX_STORED_BODY_BYTES } from "../blocks/body-store.ts";
import { type RecordLog } from "../log/record-log.ts";
import { openRecordFile } from "./record-file.ts";

const PUT = 1;
const PUT_MARK = Uint8Array.of(PUT);
const REMOVE_MARK = Uint8Array.of(2);
const SEGMENT_BYTES = 256 * 1024 * 1024;
const SEGMENT_NAME = /^bodies-(\d{6})\.log$/u;

type Place = { readonly segment: number; readonly offset: number };

const keyOf = (cid: Uint8Array): string => {
  if (cid.length !== CID_BYTES) throw new CodedError("relaychain.body.cid", { bytes: cid.length });
  return String.fromCharCode(...cid);
};
const cidOfKey = (key: string): Uint8Array => Uint8Array.from(key, (char) => char.charCodeAt(0));
const nameOf = (segment: number): string => `bodies-${segment.toString().padStart(6, "0")}.log`;


/**
 * Opens a body store over append-only segment files in `folder`; the index lies in memory, about 150 bytes a body.
 * Only one process may have a folder open.
 */
export const openSegmentBodyStore = async (options: {
  readonly folder: string;
  readonly onTorn: (tail: { readonly offset: number; readonly bytes: number }) => void;
}): Promise<BodyStore> => {
  const { folder, onTorn } = options;
  await mkdir(folder, { recursive: true });
  const index = new Map<string, Place>();
  const segments: RecordLog[] = [];

  const openSegment = async (segment: number): Promise<void> => {
    const onRecord = (payload: Uint8Array, offset: number): void => {
      const key = keyOf(payload.subarray(1, 1 + CID_BYTES));
      if (payload[0] === PUT) index.set(key, { segment, offset });
      else index.delete(key);
    };
    segments.push(await openRecordFile({ path: join(folder, nameOf(segment)), onRecord, onTorn }));
  };

  const found = (await readdir(folder)).filter((each) => SEGMENT_NAME.test(each)).length;
  for (let segment = 0; segment < Math.max(1, found); segment += 1) await openSegment(segment);

  let opening: Promise<void> | null = null;
  const current = (): RecordLog => {
    const last = segments.at(-1);
    if (last === undefined) throw new Error("a body store has at least one segment");
    if (last.bytes() > SEGMENT_BYTES && opening === null) {
      opening = openSegment(segments.length).finally(() => {
        opening = null;
      });
    }
    return last;
  };

  return {
    has: (cid) => index.has(keyOf(cid)),
    put: (cid, bytes) => {
      if (bytes.length > MAX_STORED_BODY_BYTES) throw new CodedError("relaychain.log.record", { bytes: bytes.length });
      const key = keyOf(cid);
      if (index.has(key)) return;
      const log = current();
      index.set(key, { segment: segments.indexOf(log), offset: log.append(PUT_MARK, cid, bytes) });
    },
    get: async (cid) => {
      const place = index.get(keyOf(cid));
      if (place === undefined) return null;
      const record = await segments[place.segment]?.read(place.offset);
      return record === undefined ? null : record.subarray(1 + CID_BYTES);
    },
    remove: (cid) => {
      if (!index.delete(keyOf(cid))) return;
      current().append(REMOVE_MARK, cid);
    },
    flush: async () => {
      if (opening !== null) await opening;
      await Promise.all(segments.slice(-2).map((each) => each.flush()));
    },
    count: () => index.size,
    bytes: () => segments.reduce((sum, each) => sum + each.bytes(), 0),
    cids: () => Array.from(index.keys(), cidOfKey),
    close: async () => {
      if (opening !== null) await opening;
      await Promise.all(segments.map((each) => each.close()));
    },
  };
};
