import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

import { CodedError } from "@crossguardian/kernel";

import { anvilArguments, ganacheOptions } from "../chain-command.ts";
import { type CheckedChainOptions } from "../chain-options.ts";

const GANACHE_MAIN = fileURLToPath(new URL("../ganache-main.ts", import.meta.url));
const require = createRequire(import.meta.url);

const ANVIL_PACKAGES: Readonly<Partial<Record<NodeJS.Architecture, string>>> = {
  x64: "@foundry-rs/anvil-linux-amd64",
};

const anvilPath = (): string => {
  const name = ANVIL_PACKAGES[process.arch];
  if (name === undefined) throw new CodedError("devnet.anvil.missing", { arch: process.arch });
  try {
    return join(dirname(require.resolve(`${name}/package.json`)), "bin/anvil");
  } catch (cause) {
    throw new CodedError("devnet.anvil.missing", { arch: process.arch, package: name }, { cause });
  }
};

/** Program and arguments of the chain on `port`. Throws devnet.anvil.missing. */
export const chainProgram = (
  options: CheckedChainOptions,
  port: number,
): { readonly command: string; readonly args: readonly string[] } => {
  if (options.kind === "anvil") return { command: anvilPath(), args: anvilArguments(options, port) };
  return { command: process.execPath, args: [GANACHE_MAIN, JSON.stringify(ganacheOptions(options, port))] };
};
