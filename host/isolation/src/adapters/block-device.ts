import { realpathSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { exists, readText } from "./files.ts";

// Linux' split of st_dev (makedev(3)).
const majorOf = (device: bigint): bigint => ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
const minorOf = (device: bigint): bigint => (device & 0xffn) | ((device >> 12n) & ~0xffn);

/** `major:minor` of the whole disk a folder lies on; null where its file system has none, as tmpfs or an overlay. */
export const blockDeviceOf = (path: string): string | null => {
  const { dev } = statSync(path, { bigint: true });
  const name = `${String(majorOf(dev))}:${String(minorOf(dev))}`;
  const link = `/sys/dev/block/${name}`;
  if (!exists(link)) return null;
  const folder = realpathSync(link);
  // The kernel counts by disk: a partition's is the folder above.
  return exists(`${folder}/partition`) && basename(folder) !== "" ? (readText(`${dirname(folder)}/dev`)?.trim() ?? null) : name;
};
