import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";

import { makeCrypto } from "@crossguardian/crypto";
import { toHex } from "@crossguardian/kernel";

import { installPackage, listInstalled, removeInstalled } from "../src/plugin/installed.ts";
import { writeNewPlugin } from "../src/plugin/new-plugin.ts";
import { encodePackage, openPackage } from "../src/plugin/package-file.ts";
import { checkPlugin, readPlugin } from "../src/plugin/read-plugin.ts";
import { checkSigned, dropPackage, keepPackage } from "../src/plugin/signed-package.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SEED = new Uint8Array(32).fill(3);
const MAX_LINES = 200;

const folderOf = (t: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), "plugin-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

test("a new plugin has fewer than 200 lines, and a package of it opens as it was", async (t) => {
  const folder = join(folderOf(t), "acme");
  const made = writeNewPlugin(ROOT, "acme", folder);
  assert.ok(made.lines < MAX_LINES, String(made.lines));
  const { ed25519 } = await makeCrypto();
  const source = readPlugin(folder);
  const opened = openPackage(ed25519, encodePackage(ed25519, source, SEED), toHex(ed25519.keyPair(SEED).publicKey));
  assert.equal(opened.manifest.name, "acme");
  assert.deepEqual(opened.files, source.files);
});

test("a package with one byte changed, or of another publisher, is refused", async (t) => {
  const folder = join(folderOf(t), "acme");
  writeNewPlugin(ROOT, "acme", folder);
  const { ed25519 } = await makeCrypto();
  const text = encodePackage(ed25519, readPlugin(folder), SEED);
  const publisher = toHex(ed25519.keyPair(SEED).publicKey);
  assert.throws(() => openPackage(ed25519, text.replace("tip", "tap"), publisher), /plugin\.package\.refused/u);
  assert.throws(() => openPackage(ed25519, text, toHex(ed25519.keyPair(new Uint8Array(32).fill(4)).publicKey)), /plugin\.package\.stranger/u);
  for (const junk of ["", "{}", "{}\n{}", `${text}more`, "\u0000\n\u0000"]) assert.throws(() => openPackage(ed25519, junk, publisher), /plugin\.package\.refused/u);
});

test("a plugin that loads what is not lent, or lies outside src, is refused", (t) => {
  const folder = join(folderOf(t), "acme");
  writeNewPlugin(ROOT, "acme", folder);
  const { files } = readPlugin(folder);
  const withFile = (path: string, text: string) => [...files.filter((each) => each.path !== path), { path, text }];
  assert.throws(() => checkPlugin(withFile("src/more.ts", 'import { x } from "left-pad";')), /plugin\.package\.refused.*left-pad/u);
  assert.throws(() => checkPlugin(withFile("src/more.ts", 'import { x } from "../../host/launch/src/index.ts";')), /plugin\.package\.refused/u);
  assert.throws(() => checkPlugin(withFile("../outside.ts", "")), /plugin\.package\.refused/u);
  assert.throws(() => checkPlugin(withFile("package.json", '{"type":"module","dependencies":{"left-pad":"1.0.0"}}')), /plugin\.package\.refused/u);
  assert.throws(() => checkPlugin(withFile("crossguardian-plugin.json", "{}")), /plugin\.manifest\.refused/u);
});

test("an installed plugin is listed with its publisher, replaced only by the same one, and removed", async (t) => {
  const root = folderOf(t);
  const folder = join(folderOf(t), "acme");
  writeNewPlugin(ROOT, "acme", folder);
  const { ed25519 } = await makeCrypto();
  const packed = (seed: Uint8Array): ReturnType<typeof openPackage> =>
    openPackage(ed25519, encodePackage(ed25519, readPlugin(folder), seed), toHex(ed25519.keyPair(seed).publicKey));
  installPackage(root, packed(SEED));
  writeFileSync(join(folder, "README.md"), "second\n");
  installPackage(root, packed(SEED));
  assert.equal(readFileSync(join(root, ".crossguardian/plugins/acme/README.md"), "utf8"), "second\n");
  assert.throws(() => installPackage(root, packed(new Uint8Array(32).fill(4))), /plugin\.installed\.used/u);
  assert.deepEqual(listInstalled(root).map(({ manifest, publisher }) => [manifest.name, publisher]), [["acme", toHex(ed25519.keyPair(SEED).publicKey)]]);
  removeInstalled(root, "acme");
  assert.deepEqual(listInstalled(root), []);
  assert.throws(() => removeInstalled(root, "acme"), /plugin\.installed\.not/u);
});

test("an installed file that is not as its publisher signed it is named, also when it was sealed since", async (t) => {
  const root = folderOf(t);
  const folder = join(folderOf(t), "acme");
  writeNewPlugin(ROOT, "acme", folder);
  const { ed25519 } = await makeCrypto();
  const text = encodePackage(ed25519, readPlugin(folder), SEED);
  installPackage(root, openPackage(ed25519, text, toHex(ed25519.keyPair(SEED).publicKey)));
  assert.throws(() => checkSigned(root, ed25519, ["acme"]), /plugin\.installed\.not/u, "without the signed package nothing is known");
  keepPackage(root, "acme", text);
  checkSigned(root, ed25519, ["acme"]);
  const file = join(root, ".crossguardian/plugins/acme/src/main.ts");
  const before = readFileSync(file, "utf8");
  writeFileSync(file, `${before}// more\n`);
  assert.throws(() => checkSigned(root, ed25519, ["acme"]), /plugin\.package\.refused.*src\/main\.ts/u);
  writeFileSync(file, before);
  writeFileSync(join(root, ".crossguardian/plugins/acme/src/extra.ts"), "");
  assert.throws(() => checkSigned(root, ed25519, ["acme"]), /plugin\.package\.refused.*src\/extra\.ts/u);
  keepPackage(root, "acme", encodePackage(ed25519, readPlugin(folder), new Uint8Array(32).fill(4)));
  assert.throws(() => checkSigned(root, ed25519, ["acme"]), /plugin\.package\.stranger/u);
  dropPackage(root, "acme");
  assert.throws(() => checkSigned(root, ed25519, ["acme"]), /plugin\.installed\.not/u);
});
