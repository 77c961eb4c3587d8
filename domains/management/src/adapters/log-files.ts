import { appendFileSync, existsSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";

/** Size in bytes at which a log file is put aside. */
export const MAX_LOG_FILE_BYTES = 8 * 1024 * 1024;
/** Time in ms lines are gathered before they are written. */
const GATHER_MS = 50;
/** Bytes gathered at most per domain between two writes; more are dropped and counted. */
const MAX_GATHERED_CHARS = 1024 * 1024;

/** Log files of the domains: `<domain>.jsonl` and the one before it. */
export type LogFiles = { readonly append: (domain: string, line: string) => void; readonly flush: () => void };

/** Opens the log files in a folder. */
export const openLogFiles = (folder: string): LogFiles => {
  const gathered = new Map<string, { text: string; dropped: number }>();
  let timer: NodeJS.Timeout | null = null;

  const write = (domain: string, text: string): void => {
    const path = join(folder, `${domain}.jsonl`);
    try {
      if (existsSync(path) && statSync(path).size > MAX_LOG_FILE_BYTES) renameSync(path, `${path}.1`);
      appendFileSync(path, text, { mode: 0o600 });
    } catch (error) {
      console.error(error); // a full disk must not stop management
    }
  };
  const flush = (): void => {
    timer = null;
    for (const [domain, { text, dropped }] of gathered) {
      write(domain, dropped === 0 ? text : `${text}${JSON.stringify({ event: "log.dropped", lines: dropped })}\n`);
    }
    gathered.clear();
  };
  return {
    append: (domain, line) => {
      const all = gathered.get(domain) ?? { text: "", dropped: 0 };
      if (all.text.length + line.length > MAX_GATHERED_CHARS) all.dropped += 1;
      else all.text += `${line}\n`;
      gathered.set(domain, all);
      timer ??= setTimeout(flush, GATHER_MS);
    },
    flush,
  };
};
