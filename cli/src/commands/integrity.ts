import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

import { type Command } from "commander";

import { type Context, examples, JSON_OPTION } from "../context.ts";

const BOOT = fileURLToPath(new URL("../../../host/boot/src/main.ts", import.meta.url));
const EXIT_KILLED = 1;

/** Runs a command of host/boot, which measures itself with nothing of this program loaded. */
const runBoot = async (word: string, json: boolean): Promise<number> => {
  const child = spawn(process.execPath, [BOOT, word, ...(json ? ["--json"] : [])], { stdio: "inherit" });
  return new Promise((resolve, reject) => {
    child.once("error", reject).once("close", (code) => {
      resolve(code ?? EXIT_KILLED);
    });
  });
};

const WORDS = {
  seal: "writes the signed manifest of every file that runs, anew: after an intended change of the code",
  verify: "compares every file that runs with the signed manifest",
  sizes: "lines and bytes per domain, own and of third parties",
} as const;

/** `seal`, `verify`, `sizes` */
export const registerIntegrity = (program: Command, { setExitCode }: Context): void => {
  for (const [word, description] of Object.entries(WORDS)) {
    program
      .command(word)
      .description(description)
      .option(...JSON_OPTION)
      .addHelpText("after", examples([word, `${word} --json`]))
      .action(async ({ json }: { json: boolean }) => {
        setExitCode(await runBoot(word, json));
      });
  }
};
