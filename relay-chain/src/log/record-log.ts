/** An append-only, checksummed log of records. Appends are in memory until a flush; one flush serves many waiters. */
export type RecordLog = {
  /** Queues a record, its payload in parts that nobody may change any more, and returns where it lies. @throws relaychain.log.record */
  readonly append: (...payload: readonly Uint8Array[]) => number;
  /** Everything appended before this call is on the disk (fdatasync) when it resolves. */
  readonly flush: () => Promise<void>;
  /** Payload of the record at an offset that `append` or the scan at opening gave. */
  readonly read: (offset: number) => Promise<Uint8Array>;
  /** Length in bytes, queued appends included. */
  readonly bytes: () => number;
  /** Replaces all records at once, atomically; appends from then on follow the new ones. Offsets from before are void. */
  readonly replace: (payloads: readonly (readonly Uint8Array[])[]) => Promise<void>;
  readonly close: () => Promise<void>;
};

/** What opening a log reports: each record in order, then where a torn tail was cut. */
export type RecordLogOptions = {
  readonly path: string;
  /** A thrown error stops the opening. `payload` is only valid during the call. */
  readonly onRecord: (payload: Uint8Array, offset: number) => void;
  readonly onTorn: (tail: { readonly offset: number; readonly bytes: number }) => void;
};
