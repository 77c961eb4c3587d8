import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

import { type World } from "@crossguardian/world";

/** A finding as `doctor --json` prints it. */
export type DoctorFinding = { readonly severity: string; readonly code: string; readonly subject: string; readonly ageMs: number | null; readonly next: string };

const PROGRAM = fileURLToPath(new URL("../../../cli/src/main.ts", import.meta.url));

/** Writes a world down as `up` does, so that commands find it; its folder goes with the world. */
export const writeInstanceOf = (world: World): void => {
  const houses = [...world.houses].map(([house, { pid, spec }]) => ({ house, pid, runDir: spec.runDir, dataDir: spec.dataDir, instance: spec.instance }));
  const { runDir, dataDir, ordererPort } = world.terms;
  const record = { instance: world.instance, startedMs: 0, houses, pids: [], ordererPort, runDir, dataDir, temporary: true };
  writeFileSync(join(dirname(runDir), `${world.instance}.json`), JSON.stringify(record), { mode: 0o600 });
};

/** Runs `crossguardian doctor --json` for a world that was written down. */
export const runDoctor = async (world: World): Promise<{ readonly exitCode: number; readonly findings: readonly DoctorFinding[] }> =>
  new Promise((resolve, reject) => {
    const env = { ...process.env, CROSSGUARDIAN_RUN: dirname(world.terms.runDir) };
    const child = execFile(process.execPath, [PROGRAM, "doctor", "--json"], { env }, (_error, stdout, stderr) => {
      try {
        const { findings } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as { findings: readonly DoctorFinding[] }; // the last line is the answer
        resolve({ exitCode: child.exitCode ?? -1, findings });
      } catch {
        reject(new Error(`doctor printed no answer: ${stdout} ${stderr}`));
      }
    });
  });
