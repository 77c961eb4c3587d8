/** A folder of Node's compiled code, root's and read-only for everybody else. */
export type CodeCache = {
  readonly path: string;
  /** One line per file with its own digest; part of the measure of a domain that uses it. */
  readonly listing: string;
};

/** Code caches by the name of the domain that uses them. */
export type HouseCode = ReadonlyMap<string, CodeCache>;

/** What the compiled code depends on: V8 takes it only from the same binary, flags and sources at the same place. */
export type CodeKey = {
  readonly nodeSha256: string;
  /** Folder of the image; its name is the image's digest. */
  readonly image: string;
  readonly program: string;
  /** Sets the heap flags. */
  readonly memoryBytes: number;
  /** In a jail the image is at another path. */
  readonly jailed: boolean;
};

/** The code caches of a host, shared by its houses. */
export type CodeStore = {
  /**
   * The cache of a key, filled by `fill` where it is not there or was changed.
   * @param fill writes the cache into the folder and takes it from whoever wrote it; false: it did not come to its end
   * @returns null where it could not be filled; the domain starts without
   */
  readonly ensure: (key: CodeKey, fill: (folder: string) => Promise<boolean>) => Promise<CodeCache | null>;
};
