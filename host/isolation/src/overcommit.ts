/**
 * The paper's over-commit ratio (section III-B): memory promised to domains over the memory there is. Above 1 not every domain can have all it was promised
 * at the same time; without swap the kernel then ends one of them.
 */
export const overcommitRatio = (promisedBytes: readonly number[], physicalBytes: number): number =>
  promisedBytes.reduce((sum, bytes) => sum + bytes, 0) / physicalBytes;
