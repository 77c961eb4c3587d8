import { spawn } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { makeCrypto } from "@crossguardian/crypto";
import { CodedError, fromHex, toHex } from "@crossguardian/kernel";
import { type Command } from "commander";

import { type Context, examples, form, JSON_OPTION } from "../context.ts";
import { type InstalledPlugin, installPackage, listInstalled, removeInstalled } from "../plugin/installed.ts";
import { writeNewPlugin } from "../plugin/new-plugin.ts";
import { encodePackage, MAX_PACKAGE_BYTES, openPackage } from "../plugin/package-file.ts";
import { readPlugin } from "../plugin/read-plugin.ts";
import { dropPackage, keepPackage } from "../plugin/signed-package.ts";
import { testPlugin } from "../plugin/test-plugin.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const BOOT = join(ROOT, "host/boot/src/main.ts");
const KEY = /^[0-9a-f]{64}$/u;
const NAME = form(/^[a-z][a-z0-9-]{0,18}[a-z0-9]$/u, "2 to 20 of a-z, 0-9 and -");
const PUBLISHER = form(KEY, "64 hexadecimal digits: the publisher's public key");

type Json = { readonly json: boolean };

/** The publisher's seed in a file; made when it is not there. */
const seedOf = (file: string, random: (length: number) => Uint8Array): Uint8Array => {
  if (!existsSync(file)) writeFileSync(file, `${toHex(random(32))}\n`, { mode: 0o600, flag: "wx" });
  if ((statSync(file).mode & 0o077) !== 0) throw new CodedError("cli.key.exposed", { file });
  const text = readFileSync(file, "utf8").trim();
  if (!KEY.test(text)) throw new CodedError("cli.key.malformed", { file });
  return fromHex(text);
};

const readPackageFile = (file: string): string => {
  if (!existsSync(file)) throw new CodedError("plugin.package.refused", { why: "no such file", file });
  if (statSync(file).size > MAX_PACKAGE_BYTES) throw new CodedError("plugin.package.refused", { why: "size", file });
  return readFileSync(file, "utf8");
};

/** What runs is measured: the manifest is written anew after each change of what is installed. */
const sealAgain = async (): Promise<void> => {
  const child = spawn(process.execPath, [BOOT, "seal"], { stdio: ["ignore", "ignore", "inherit"] });
  const code = await new Promise<number | null>((done, failed) => child.once("error", failed).once("close", done));
  if (code !== 0) throw new CodedError("plugin.package.refused", { why: "the integrity manifest could not be written" });
};

const lineOf = ({ manifest, publisher }: InstalledPlugin): string =>
  `${manifest.name} ${manifest.version}  kind ${manifest.kind}  image plugin-${manifest.name}  endpoints ${manifest.endpoints.map(({ name }) => name).join(" ")}  publisher ${publisher}`;

const registerAuthor = (plugin: Command, { print, say, setExitCode }: Context): void => {
  plugin
    .command("new")
    .description("writes a plugin for a plain ledger that passes the contract suite: the place to begin from")
    .argument("<name>", "name of the plugin", NAME)
    .option("--dir <folder>", "where; default: a folder of the plugin's name")
    .option(...JSON_OPTION)
    .addHelpText("after", examples(["plugin new acme", "plugin new acme --dir /srv/acme"]))
    .action((name: string, { dir, json }: Json & { readonly dir?: string }) => {
      const made = writeNewPlugin(ROOT, name, resolve(dir ?? name));
      print(json, made, () => `${made.files.length} files, ${made.lines} lines of TypeScript in ${made.folder}\nnext: ./crossguardian plugin test ${made.folder}`);
    });
  plugin
    .command("test")
    .description("checks a plugin's manifest and files and runs the contract suite on it; exit code 1 when it does not pass")
    .argument("<folder>", "the plugin's folder")
    .option(...JSON_OPTION)
    .addHelpText("after", examples(["plugin test acme", "plugin test acme --json", "plugin test plugins/utxo"]))
    .action(async (folder: string, { json }: Json) => {
      const { manifest, passed } = await testPlugin(ROOT, resolve(folder), json);
      print(json, { name: manifest.name, version: manifest.version, passed }, () => `${manifest.name} ${manifest.version}: ${passed ? "passes" : "does not pass"}`);
      if (!passed) setExitCode(1);
    });
  plugin
    .command("pack")
    .description("writes a signed package of a plugin")
    .argument("<folder>", "the plugin's folder")
    .requiredOption("--key <file>", "the publisher's Ed25519 seed, 64 hexadecimal digits; made when it is not there")
    .option("--out <file>", "the package; default: NAME-VERSION.cgplugin")
    .option(...JSON_OPTION)
    .addHelpText("after", examples(["plugin pack acme --key publisher.key"]))
    .action(async (folder: string, { key, out, json }: Json & { readonly key: string; readonly out?: string }) => {
      const { ed25519, random } = await makeCrypto();
      const source = readPlugin(resolve(folder));
      const seed = seedOf(resolve(key), random.bytes);
      const file = resolve(out ?? `${source.manifest.name}-${source.manifest.version}.cgplugin`);
      writeFileSync(file, encodePackage(ed25519, source, seed));
      const publisher = toHex(ed25519.keyPair(seed).publicKey);
      if (!json) say(`publisher ${publisher}`);
      print(json, { file, publisher, files: source.files.length }, () => `${source.files.length} files in ${file}\nnext: ./crossguardian plugin install ${file} --publisher ${publisher}`);
    });
};

/** `plugin new`, `test`, `pack`, `install`, `list`, `remove` */
export const registerPlugin = (program: Command, context: Context): void => {
  const { print } = context;
  const plugin = program.command("plugin").description("chain plugins of others: write, test, pack, install, list, remove (docs/plugins.md)");
  registerAuthor(plugin, context);
  plugin
    .command("install")
    .description("checks a package against its publisher's key, installs it, and seals the integrity manifest anew")
    .argument("<file>", "a package that `plugin pack` wrote")
    .requiredOption("--publisher <key>", "public key of the publisher, got from them and not with the package", PUBLISHER)
    .option(...JSON_OPTION)
    .addHelpText("after", examples(["plugin install acme-0.1.0.cgplugin --publisher 3b6a27bc..."]))
    .action(async (file: string, { publisher, json }: Json & { readonly publisher: string }) => {
      const { ed25519 } = await makeCrypto();
      const text = readPackageFile(resolve(file));
      const installed = installPackage(ROOT, openPackage(ed25519, text, publisher));
      keepPackage(ROOT, installed.manifest.name, text);
      await sealAgain();
      print(json, { ...installed, image: `plugin-${installed.manifest.name}` }, () => lineOf(installed));
    });
  plugin
    .command("list")
    .description("installed plugins, their publishers, and what they want")
    .option(...JSON_OPTION)
    .addHelpText("after", examples(["plugin list", "plugin list --json"]))
    .action(({ json }: Json) => {
      const all = listInstalled(ROOT);
      print(json, { plugins: all }, () => (all.length === 0 ? "none" : all.map(lineOf).join("\n")));
    });
  plugin
    .command("remove")
    .description("removes an installed plugin and seals the integrity manifest anew; chains that use it no longer start")
    .argument("<name>", "name of the plugin", NAME)
    .option(...JSON_OPTION)
    .addHelpText("after", examples(["plugin remove acme"]))
    .action(async (name: string, { json }: Json) => {
      const removed = removeInstalled(ROOT, name);
      dropPackage(ROOT, name);
      await sealAgain();
      print(json, { removed: removed.manifest.name }, () => `removed ${removed.manifest.name} ${removed.manifest.version}`);
    });
};
