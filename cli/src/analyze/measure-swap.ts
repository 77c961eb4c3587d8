import { closeSync, fdatasyncSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";

import { PAGE_BYTES, type SwapSamples } from "./overhead.ts";

const MANY_PAGES = 96;

const elapsedUs = (work: () => void): number => {
  const start = performance.now();
  work();
  return (performance.now() - start) * 1_000;
};

// Not the middle one: many pages take as long as all of them together, and a disk is now and then slow.
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Pages of a program in memory: what a machine short of memory would put away. */
const pagesOf = (path: string, count: number): readonly Buffer[] => {
  const fd = openSync(path, "r");
  try {
    const all = Buffer.alloc(count * PAGE_BYTES);
    readSync(fd, all, 0, all.length, 0);
    return Array.from({ length: count }, (_, at) => all.subarray(at * PAGE_BYTES, (at + 1) * PAGE_BYTES));
  } finally {
    closeSync(fd);
  }
};

/**
 * Compresses pages and writes them to a disk, one by one, each until it is on the disk; nothing is left.
 * @param folder on the disk that would hold what is swapped out
 */
export const measureSwap = (folder: string): SwapSamples => {
  const place = mkdtempSync(join(folder, "cg-swap-"));
  const fd = openSync(join(place, "pages"), "w");
  try {
    const write = (page: Uint8Array, at: number): void => {
      writeSync(fd, page, 0, page.length, at * PAGE_BYTES);
      fdatasyncSync(fd);
    };
    const pages = pagesOf(process.execPath, MANY_PAGES);
    for (const page of pages) zstdCompressSync(page); // the first ones meet cold code
    const compressUs = mean(pages.map((page) => elapsedUs(() => void zstdCompressSync(page))));
    const diskUs = mean(pages.map((page, at) => elapsedUs(() => write(page, at))));
    const us = elapsedUs(() => {
      pages.forEach((page, at) => {
        zstdCompressSync(page);
        write(page, at);
      });
    });
    return { compressUs, diskUs, many: { pages: MANY_PAGES, us } };
  } finally {
    closeSync(fd);
    rmSync(place, { recursive: true, force: true });
  }
};
