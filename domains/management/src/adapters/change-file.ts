import { existsSync } from "node:fs";
import { open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { type AccessChange, decodeAccessChange, encodeAccessChange } from "@crossguardian/access";
import { CodedError } from "@crossguardian/kernel";

/** Kept changes of operators and policy, oldest first. */
export type ChangeFile = { readonly changes: readonly AccessChange[]; readonly keep: (change: AccessChange) => Promise<void> };

/** Reads the file of changes, one a line. @throws access.change.stored */
export const openChangeFile = async (path: string): Promise<ChangeFile> => {
  const text = existsSync(path) ? await readFile(path, "utf8") : "";
  const lines = text.split("\n").filter((line) => line !== "");
  const changes = lines.map((line, at) => {
    const change = decodeAccessChange(line);
    if (change === null) throw new CodedError("access.change.stored", { version: at + 1, why: "malformed" });
    return change;
  });
  return {
    changes,
    keep: async (change) => {
      lines.push(encodeAccessChange(change));
      const handle = await open(`${path}.next`, "w", 0o600);
      try {
        await handle.writeFile(lines.map((line) => `${line}\n`).join(""));
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(`${path}.next`, path);
      const folder = await open(dirname(path), "r");
      try {
        await folder.sync();
      } finally {
        await folder.close();
      }
    },
  };
};
