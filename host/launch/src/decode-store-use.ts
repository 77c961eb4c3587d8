import { decodeProcesses } from "./decode-processes.ts";
import { type StoreUse } from "./plan-prune.ts";

/** A use as its launcher wrote it down. */
export type WrittenUse = { readonly launcher: ReturnType<typeof decodeProcesses>[number] | null; readonly images: StoreUse["images"] };

const imagesOf = (value: unknown): StoreUse["images"] =>
  !Array.isArray(value)
    ? []
    : value.flatMap((each: unknown) => {
        if (typeof each !== "object" || each === null || !("name" in each) || !("digest" in each)) return [];
        const { name, digest } = each;
        return typeof name === "string" && typeof digest === "string" ? [{ name, digest }] : [];
      });

/** Decodes what a launcher wrote; a damaged file says nothing. */
export const decodeStoreUse = (text: string): WrittenUse => {
  try {
    const use: unknown = JSON.parse(text);
    if (typeof use !== "object" || use === null) return { launcher: null, images: [] };
    const [launcher = null] = decodeProcesses(JSON.stringify(["launcher" in use ? use.launcher : null]));
    return { launcher, images: imagesOf("images" in use ? use.images : null) };
  } catch {
    return { launcher: null, images: [] };
  }
};
