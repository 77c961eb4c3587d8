import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";

import { CodedError } from "@crossguardian/kernel";

import { anvilArguments, ganacheArguments } from "../chain-command.ts";
import { type CheckedChainOptions } from "../chain-options.ts";

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
  const main = join(dirname(require.resolve("ganache/package.json")), "dist/node/cli.js");
  return { command: process.execPath, args: [main, ...ganacheArguments(options, port)] };
};
