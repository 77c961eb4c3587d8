import { existsSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { CodedError } from "@crossguardian/kernel";
import { type Command } from "commander";

import { checkConfig } from "../config/check-config.ts";
import { decodeConfig } from "../config/decode-config.ts";
import { CONFIG_GUIDE, defaultConfigText } from "../config/default-config.ts";
import { CONFIG_FILE } from "../config/read-config.ts";
import { type Context, examples, form, JSON_OPTION } from "../context.ts";
import { makeFolder } from "../make-folder.ts";

const GUIDE_FILE = "crossguardian.md";

/** Writes a new configuration and its guide; nothing is overwritten. @throws config.file.exists, config.* */
export const writeNewConfig = (folder: string, name: string, dataRoot: string): { readonly config: string; readonly guide: string } => {
  const config = join(resolve(folder), CONFIG_FILE);
  const guide = join(resolve(folder), GUIDE_FILE);
  const text = defaultConfigText(name, join(dataRoot, name));
  checkConfig(decodeConfig(text));
  for (const path of [config, guide]) if (existsSync(path)) throw new CodedError("config.file.exists", { path });
  makeFolder(resolve(folder), 0o755);
  try {
    writeFileSync(config, text, { flag: "wx", mode: 0o644 });
    writeFileSync(guide, CONFIG_GUIDE, { flag: "wx", mode: 0o644 });
  } catch (cause) {
    throw new CodedError("config.file.unwritable", { path: config }, { cause });
  }
  return { config, guide };
};

/** `init` */
export const registerInit = (program: Command, { places, print }: Context): void => {
  program
    .command("init")
    .description("writes a configuration file with development chains, so that `up` works with nothing changed")
    .option("--dir <folder>", "where", ".")
    .option("--name <name>", "name of the instance", form(/^[a-z0-9]([a-z0-9-]{0,12}[a-z0-9])?$/u, "1 to 14 of a-z, 0-9 and -"), "main")
    .option(...JSON_OPTION)
    .addHelpText("after", examples(["init", "init --dir /etc/crossguardian --name bridge", "up --config crossguardian.json"]))
    .action(({ dir, name, json }: { dir: string; name: string; json: boolean }) => {
      const written = writeNewConfig(dir, name, places.dataRoot);
      print(json, written, () => `wrote ${written.config} and ${written.guide}\nnext: ./crossguardian up --config ${written.config}`);
    });
};
