import { CodedError } from "@crossguardian/kernel";
import { readFileSync, realpathSync } from "node:fs";
import { join, relative } from "node:path";
import { decodePackageFacts } from "../decode-package-facts.ts";
import { type PackageStore } from "../package-closure.ts";

const isAbsent = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");

/** The packages installed under `root`. */
export const makePackageStore = (root: string): PackageStore => {
  const realRoot = realpathSync.native(root);
  // Many packages ask for the same few.
  const places = new Map<string, string | null>();
  const locate = (folder: string): string | null => {
    try {
      const place = relative(realRoot, realpathSync.native(join(root, folder)));
      if (place.startsWith("..")) throw new CodedError("boot.file.kind", { path: folder });
      return place;
    } catch (error) {
      if (isAbsent(error)) return null;
      throw error;
    }
  };
  return {
    read: (folder) => {
      try {
        return decodePackageFacts(readFileSync(join(root, folder, "package.json"), "utf8"));
      } catch (error) {
        if (isAbsent(error)) return null;
        throw error;
      }
    },
    locate: (folder) => {
      const known = places.get(folder);
      if (known !== undefined) return known;
      const place = locate(folder);
      places.set(folder, place);
      return place;
    },
  };
};
