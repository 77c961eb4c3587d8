import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openRecordFile } from "../src/adapters/record-file.ts";

const PATH = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;
const run = (name: string, ...args: string[]): void => void execFileSync(name, args, { env: { ...process.env, PATH }, stdio: "pipe" });
const hasProgram = ["/usr/sbin/mkfs.ext2", "/sbin/mkfs.ext2"].some(existsSync);
const missing = process.getuid?.() === 0 && existsSync("/dev/loop-control") && hasProgram ? false : "needs root, a loop device and mkfs.ext2";

const RECORD = new Uint8Array(8_000).fill(7);

/** Records of a log, opened as a domain does that starts. */
const recordsOf = async (path: string): Promise<number> => {
  let count = 0;
  const log = await openRecordFile({ path, onRecord: () => void (count += 1), onTorn: () => undefined });
  await log.close();
  return count;
};

test("what a log shows when it is opened after a failed sync is on the disk, and so is everything that was said to be durable", { skip: missing }, async () => {
  const root = mkdtempSync(join(tmpdir(), "crossguardian-sync-"));
  const at = (name: string): string => join(root, name);
  const mounted: string[] = [];
  const mount = (folder: string, ...args: string[]): void => {
    run("mount", ...args, folder);
    mounted.push(folder);
  };
  try {
    for (const name of ["store", "disk", "later"]) mkdirSync(at(name));
    mount(at("store"), "-t", "tmpfs", "-o", "size=1m", "tmpfs");
    const image = join(at("store"), "image");
    writeFileSync(image, "");
    truncateSync(image, 32 * 1024 * 1024);
    run("mkfs.ext2", "-q", "-F", "-b", "4096", image);
    mount(at("disk"), "-t", "ext2", "-o", "loop,errors=continue", image);
    const path = join(at("disk"), "log");
    const log = await openRecordFile({ path, onRecord: () => undefined, onTorn: () => undefined });
    let durable = 0;
    await assert.rejects(async () => {
      for (;;) {
        log.append(RECORD);
        await log.flush();
        durable += 1;
      }
    });
    assert.ok(durable > 10);
    run("mount", "-o", "remount,size=16m", at("store"));
    const shown = await recordsOf(path);
    assert.ok(shown >= durable);
    run("cp", "--sparse=always", image, at("copy"));
    mount(at("later"), "-t", "ext2", "-o", "loop", at("copy"));
    assert.equal(await recordsOf(join(at("later"), "log")), shown, "the disk lacks what the log showed");
  } finally {
    for (const folder of mounted.toReversed()) run("umount", "-l", folder);
    rmSync(root, { recursive: true, force: true });
  }
});
