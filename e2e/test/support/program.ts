import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../../../cli/src/main.ts", import.meta.url));

/** How a command ended: exit code, the last line of its answer, and what it said meanwhile. */
export type Ended = { readonly code: number; readonly last: unknown; readonly said: string };

/** A command that runs: how it ends, and when it has said some words meanwhile. */
export type Begun = { readonly ended: Promise<Ended>; readonly heard: (words: string) => Promise<void> };

const HEARD_MS = 50;

/** The program, with a folder of its own for what runs. */
export const makeProgramRunner = (runRoot: string) => {
  const running = new Set<ChildProcess>();
  const begin = (...args: readonly string[]): Begun => {
    const child = spawn(process.execPath, [PROGRAM, ...args, "--json"], { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, CROSSGUARDIAN_RUN: runRoot } });
    running.add(child);
    let out = "";
    let said = "";
    child.stdout.on("data", (piece: Buffer) => (out += piece.toString()));
    child.stderr.on("data", (piece: Buffer) => (said += piece.toString()));
    const ended = new Promise<Ended>((resolve) => {
      child.once("close", (code) => {
        running.delete(child);
        resolve({ code: code ?? -1, last: JSON.parse(out.trim().split("\n").at(-1) || "null"), said: said + out });
      });
    });
    const heard = async (words: string): Promise<void> => {
      while (!said.includes(words) && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, HEARD_MS));
      assert.ok(said.includes(words), said);
    };
    return { ended, heard };
  };
  const run = async (...args: readonly string[]): Promise<Ended> => begin(...args).ended;
  return {
    begin,
    run,
    /** The answer of a command that has to succeed. */
    cg: async <T>(...args: readonly string[]): Promise<T> => {
      const { code, last, said } = await run(...args);
      assert.equal(code, 0, `${args.join(" ")}: ${said}`);
      return last as T;
    },
    /** A command that has to be refused with a code. */
    refused: async (code: string, ...args: readonly string[]): Promise<string> => {
      const ended = await run(...args);
      assert.notEqual(ended.code, 0, `${args.join(" ")} was not refused`);
      assert.ok(ended.said.includes(code), `${args.join(" ")}: ${ended.said}`);
      return ended.said;
    },
    /** Ends commands that still run. */
    end: () => {
      for (const child of running) child.kill("SIGKILL");
    },
  };
};
