import { match, ok, strictEqual } from "node:assert";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { BIRTH_PIPE, EXIT_UNBORN, HOLD_HOOK } from "../src/machine/hold-hook.ts";

const folder = mkdtempSync(join(tmpdir(), "cg-hold-"));
after(() => rmSync(folder, { recursive: true }));

const pipe = join(folder, "pipe");
const hook = join(folder, "hold.mjs");
const word = Buffer.from(JSON.stringify({ env: { CG_NAME: "late" } })).toString("base64");
spawnSync("mkfifo", [pipe]);
writeFileSync(hook, HOLD_HOOK.replace(BIRTH_PIPE, pipe));

/** Runs a program that imports one module, in a process that is held; the clock of this one does not jump unless the hook is told that it need not. */
const held = async (imported: string, hookPath = hook): Promise<{ readonly code: number; readonly said: string }> => {
  writeFileSync(join(folder, "imported.mjs"), imported);
  writeFileSync(join(folder, "entry.mjs"), 'import { early } from "./imported.mjs";\nconsole.log("lives", process.env.CG_NAME, early, Math.random() < 1);\n');
  const child = spawn(process.execPath, ["--import", hookPath, join(folder, "entry.mjs")], { stdio: ["ignore", "pipe", "pipe"] });
  // Opening it waits for its reader, which a process that ends before has not been.
  const writer = spawn("/bin/sh", ["-c", 'printf %s "$1" > "$0"', pipe, word], { stdio: "ignore" });
  let said = "";
  child.stdout.on("data", (text: Buffer) => (said += text.toString()));
  child.stderr.on("data", (text: Buffer) => (said += text.toString()));
  const [code] = (await once(child, "close")) as [number];
  writer.kill("SIGKILL");
  return { code, said };
};

const patient = join(folder, "patient.mjs");
writeFileSync(patient, HOLD_HOOK.replace(BIRTH_PIPE, pipe).replace(/Date\.now\(\) - heldAtMs > \d+/u, "true"));

for (const [draws, call] of Object.entries({
  "random bytes": 'import { randomBytes } from "node:crypto"; export const early = randomBytes(8).length;',
  "a name": 'import crypto from "node:crypto"; export const early = crypto.randomUUID();',
  "values of the web's interface": "export const early = crypto.getRandomValues(new Uint8Array(4)).length;",
  "a key": 'import { generateKeyPairSync } from "node:crypto"; export const early = typeof generateKeyPairSync("x25519");',
  "them in a thread": 'import { Worker } from "node:worker_threads"; export const early = new Worker("", { eval: true });',
  "a number that is not for secrets": "export const early = Math.random();",
})) {
  test(`a held program whose module draws ${draws} ends before it can be kept`, async () => {
    const { code, said } = await held(call, patient);
    strictEqual(code, EXIT_UNBORN, said);
    match(said, /drew random numbers before it lived/u);
  });
}

test("a held program does not go on where the clock did not jump, because OpenSSL would not seed itself anew", async () => {
  const { code, said } = await held("export const early = 1;");
  strictEqual(code, EXIT_UNBORN, said);
  match(said, /the clock did not jump/u);
});

test("a held program has loaded what it imports, and gets what it is told when it lives", async () => {
  const { code, said } = await held('import { createHash, verify } from "node:crypto"; export const early = createHash("sha256").update("x").digest("hex").length + verify.length;', patient);
  strictEqual(code, 0, said);
  ok(said.startsWith("lives late"), said);
});
