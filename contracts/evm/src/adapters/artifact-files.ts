import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../../", import.meta.url);

/** Text of every .sol file of a folder of this package, by file name. */
export function readSources(folder = "solidity"): Record<string, string> {
  const url = new URL(`${folder}/`, root);
  const names = readdirSync(url).filter((name) => name.endsWith(".sol")).sort();
  return Object.fromEntries(names.map((name) => [name, readFileSync(new URL(name, url), "utf8")]));
}

/** Reads one committed file of this package as text. */
export function readPackageFile(path: string): string {
  return readFileSync(new URL(path, root), "utf8");
}

/** Writes one generated file of this package and returns its path on disk. */
export function writePackageFile(path: string, text: string): string {
  const url = new URL(path, root);
  mkdirSync(new URL("./", url), { recursive: true });
  writeFileSync(url, text);
  return fileURLToPath(url);
}
