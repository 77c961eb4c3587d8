import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";

import { makeEar } from "../src/cell/probe-run.ts";
import { CHANNEL_FD, type Program, readCells, REPORT_MARK } from "../src/native/assemble.ts";
import { hostileProgram } from "../src/native/hostile-program.ts";

const skip = process.platform === "linux" && process.arch === "x64" ? false : "the hostile programs are x86-64 machine code";

const run = async (describe: (program: Program) => void): Promise<{ readonly told: string; readonly cells: readonly bigint[]; readonly pid: number }> => {
  const folder = mkdtempSync(join(tmpdir(), "cg-native-"));
  const path = join(folder, "program");
  writeFileSync(path, hostileProgram(describe).elf, { mode: 0o755 });
  const child = spawn(path, { stdio: ["ignore", "ignore", "ignore", "pipe"] });
  try {
    const ear = makeEar(child.stdio[CHANNEL_FD] as Socket); // a pipe of child_process is a socket
    ear.send(1);
    strictEqual(await ear.reported(10_000), "reported");
    ear.send(1);
    await once(child, "exit");
    const told = ear.told();
    const at = told.indexOf(REPORT_MARK);
    return { told: told.subarray(0, at).toString(), cells: readCells(told.subarray(at + REPORT_MARK.length)), pid: Number(child.pid) };
  } finally {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  }
};

test("a program written as machine code makes the calls it describes and tells their results", { skip, timeout: 20_000 }, async () => {
  const { told, cells, pid } = await run((program) => {
    program.sys("getpid");
    program.sys32(20); // getpid of the 32-bit table
    program.sys("write", CHANNEL_FD, program.text("hello"), 5);
    program.sys("close", 99);
  });
  strictEqual(told, "hello");
  deepStrictEqual(cells.slice(2), [BigInt(pid), BigInt(pid), 5n, -9n]);
});

test("a program branches and repeats by what a call gave back", { skip, timeout: 20_000 }, async () => {
  const { told } = await run((program) => {
    const say = (text: string): void => void program.sys("write", CHANNEL_FD, program.text(text), text.length);
    program.times(3, () => say("x"));
    const bad = program.sys("close", 99);
    program.whenBad(bad, () => say("bad"));
    program.whenGood(bad, () => say("good"));
    const zero = program.sys("sched_yield");
    program.whenZero(zero, () => say("zero"));
    program.whenBad(zero, () => say("never"));
  });
  strictEqual(told, "xxxbadzero");
});

test("an address that a call gave back can be written through", { skip, timeout: 20_000 }, async () => {
  const { told } = await run((program) => {
    const page = program.sys("mmap", 0, 4_096, 3, 0x22, -1, 0);
    program.poke(page, 8, Buffer.from("through!").readBigUInt64LE(), 64);
    program.poke(page, 16, Buffer.from("!!!!").readUInt32LE(), 32);
    program.sys("writev", CHANNEL_FD, program.words(0, 0), 0);
    const vector = program.words(0, 20);
    program.store64(vector, page);
    program.sys("writev", CHANNEL_FD, vector, 1);
  });
  ok(told.endsWith("through!!!!!"));
});
