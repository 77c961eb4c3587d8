import { readFileSync, statSync } from "node:fs";

/** Text of a small kernel file, or null where it is absent or unreadable. */
export const readText = (path: string): string | null => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
};

/** Whether the path leads to a directory. */
export const isDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** Whether the path leads to anything. */
export const exists = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;

/** Code of a system error such as `ENOENT`, or an empty text. */
export const errorCode = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
