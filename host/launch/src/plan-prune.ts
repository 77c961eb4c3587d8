/** Which images one launcher uses. */
export type StoreUse = {
  readonly atMs: number;
  /** The launcher lives. */
  readonly running: boolean;
  /** Names of images and the digests under which they are stored. */
  readonly images: readonly { readonly name: string; readonly digest: string }[];
};

/** Stored versions kept of each image, the newest, beside those in use. */
export const KEPT_VERSIONS_COUNT = 2;

/** The digests to keep: used by a launcher that runs, or among the newest of an image. */
export const digestsToKeep = (uses: readonly StoreUse[]): ReadonlySet<string> => {
  const kept = new Set(uses.filter(({ running }) => running).flatMap(({ images }) => images.map(({ digest }) => digest)));
  const newest = new Map<string, Set<string>>();
  for (const { images } of [...uses].sort((left, right) => right.atMs - left.atMs)) {
    for (const { name, digest } of images) {
      const mine = newest.get(name) ?? new Set<string>();
      newest.set(name, mine);
      if (mine.size < KEPT_VERSIONS_COUNT) mine.add(digest);
    }
  }
  for (const mine of newest.values()) for (const digest of mine) kept.add(digest);
  return kept;
};
