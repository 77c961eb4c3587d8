import { readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { CodedError } from "@crossguardian/kernel";

import { checkConfig } from "./check-config.ts";
import { decodeConfig, MAX_CONFIG_BYTES } from "./decode-config.ts";
import { listInstalled } from "../plugin/installed.ts";
import { findPlugins } from "./find-plugins.ts";
import { type GatewayConfig } from "./gateway-config.ts";
import { resolvePaths } from "./resolve-paths.ts";

/** Name of the file that `init` writes. */
export const CONFIG_FILE = "crossguardian.json";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

const pathOf = (file: string): string => {
  const path = resolve(file);
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? join(path, CONFIG_FILE) : path;
};

/** Reads, decodes and checks a configuration file, or that of a folder. @throws config.*, plugin.installed.not */
export const readConfig = (file: string): GatewayConfig => {
  const path = pathOf(file);
  let text: string;
  try {
    const { size } = statSync(path);
    if (size > MAX_CONFIG_BYTES) throw new CodedError("config.file.oversize", { path, bytes: size });
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    throw new CodedError("config.file.unreadable", { path }, { cause });
  }
  return findPlugins(checkConfig(resolvePaths(decodeConfig(text), dirname(path))), listInstalled(ROOT));
};
