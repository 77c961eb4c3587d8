/** What the rotation of one key is made of; management's own has something to prepare. */
export type OwnKey = {
  readonly name: string;
  /** Its instance, as the launcher counts. */
  readonly epoch: bigint;
  /** Has the audit log signed by the next key along with the present one. */
  readonly prepare: (rootKey: Uint8Array) => Promise<void>;
};
