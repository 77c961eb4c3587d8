import { CodedError } from "@crossguardian/kernel";
import { type Dirent, lstatSync, readdirSync, readlinkSync } from "node:fs";
import { join, posix } from "node:path";
import { type ImageRoot } from "../image-table.ts";
import { type MeasuredFile, type MeasuredImage, type MeasuredLink, sortedImage } from "../manifest.ts";
import { packageClosure } from "../package-closure.ts";
import { isRuntimeFile } from "../runtime-files.ts";
import { measureFile } from "./measure-file.ts";
import { makePackageStore } from "./package-store.ts";
import { READ_ALL } from "./remembered-files.ts";

type Walk = {
  readonly keep: (entry: Dirent, depth: number) => boolean;
  readonly file: (path: string) => void;
  /** Without it a symbolic link is refused. */
  readonly link?: (path: string) => void;
};

const walk = (root: string, folder: string, visit: Walk, depth = 0): void => {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    if (!visit.keep(entry, depth)) continue;
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory()) walk(root, path, visit, depth + 1);
    else if (entry.isFile()) visit.file(path);
    else if (entry.isSymbolicLink() && visit.link !== undefined) visit.link(path);
    else throw new CodedError("boot.file.kind", { path });
  }
};

/** Measures what the packages of `roots` run, where it is installed. @throws boot.package.missing, boot.file.kind */
export const measureInstalled = (
  root: string,
  roots: readonly ImageRoot[],
  known: Map<string, MeasuredFile> = new Map<string, MeasuredFile>(),
  { measure } = READ_ALL,
): MeasuredImage => {
  const { packages, links } = packageClosure(roots, makePackageStore(root));
  const files: MeasuredFile[] = [];
  for (const { folder, owner } of packages) {
    walk(root, folder, {
      keep: (entry, depth) => isRuntimeFile(owner, entry.name, depth, entry.isDirectory()),
      file: (path) => {
        const measured = known.get(path) ?? measure(join(root, path), path);
        known.set(path, measured);
        files.push(measured);
      },
    });
  }
  return sortedImage({ files, links });
};

/** Measures a whole folder; every file in it counts. */
export const measureFolder = (root: string): MeasuredImage => {
  const files: MeasuredFile[] = [];
  const links: MeasuredLink[] = [];
  walk(root, "", {
    keep: () => true,
    file: (path) => files.push(measureFile(join(root, path), path)),
    link: (path) => links.push({ path, target: readlinkSync(join(root, path)) }),
  });
  return sortedImage({ files, links });
};

const POLICY_FOLDERS = ["policy", "host/switch/policy"];

/** Measures the flow policies. */
export const measurePolicies = (root: string): readonly MeasuredFile[] =>
  POLICY_FOLDERS.filter((folder) => lstatSync(join(root, folder), { throwIfNoEntry: false })?.isDirectory() === true).flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith(".flow"))
      .sort()
      .map((name) => measureFile(join(root, folder, name), posix.join(folder, name))),
  );
