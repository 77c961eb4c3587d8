import { CodedError } from "@crossguardian/kernel";
import { createHash } from "node:crypto";
import { chmodSync, lstatSync, mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { compareImages } from "../compare-images.ts";
import { imageListing, type Manifest, type MeasuredImage } from "../manifest.ts";
import { copyFile } from "./measure-file.ts";
import { measureFolder } from "./measure-image.ts";
import { imageOf } from "./verify.ts";

/** Where images are kept when nothing else is said. */
export const DEFAULT_STATE_DIR = "/var/lib/crossguardian";

const FOLDER_MODE = 0o755;
const NODE_NAME = "node";

// In an image nobody writes; whether a file may be executed is kept.
const storedMode = (mode: number): number => ((mode & 0o100) === 0 ? 0o444 : 0o555);

const stored = (image: MeasuredImage): MeasuredImage => ({
  files: image.files.map((file) => ({ ...file, mode: storedMode(file.mode) })),
  links: image.links,
});

/** SHA-256 over the listing of an image, in hexadecimal: its name in the store. */
export const imageDigest = (image: MeasuredImage): string => createHash("sha256").update(imageListing(image)).digest("hex");

/** Digest under which an image is stored. @throws boot.image.unknown */
export const storedDigest = (manifest: Manifest, name: string): string => imageDigest(stored(imageOf(manifest, name)));

const nodeImage = ({ node }: Manifest): MeasuredImage => ({ files: [{ ...node, path: NODE_NAME, mode: 0o755 }], links: [] });

/** Digest under which the Node binary is stored. */
export const storedNodeDigest = (manifest: Manifest): string => imageDigest(stored(nodeImage(manifest)));

const makeFolders = (root: string, folder: string, made: Set<string>): void => {
  if (made.has(folder)) return;
  if (folder !== ".") makeFolders(root, dirname(folder), made);
  mkdirSync(join(root, folder), { recursive: true, mode: FOLDER_MODE });
  chmodSync(join(root, folder), FOLDER_MODE);
  made.add(folder);
};

type SourceOf = (path: string) => string;

const copyImage = (sourceOf: SourceOf, image: MeasuredImage, target: string): void => {
  const made = new Set<string>();
  makeFolders(target, ".", made);
  for (const { path, sha256, mode } of image.files) {
    makeFolders(target, dirname(path), made);
    const copied = copyFile(sourceOf(path), join(target, path), mode);
    if (copied !== sha256) throw new CodedError("boot.file.changed", { path });
  }
  for (const { path, target: to } of image.links) {
    makeFolders(target, dirname(path), made);
    symlinkSync(to, join(target, path));
  }
};

const isOccupied = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "EEXIST" || error.code === "ENOTEMPTY");

const store = (sourceOf: SourceOf, image: MeasuredImage, stateDir: string): string => {
  const wanted = stored(image);
  const place = join(stateDir, "images", imageDigest(wanted));
  if (lstatSync(place, { throwIfNoEntry: false }) === undefined) {
    const unfinished = `${place}.${String(process.pid)}`;
    rmSync(unfinished, { recursive: true, force: true });
    try {
      copyImage(sourceOf, wanted, unfinished);
      renameSync(unfinished, place);
    } catch (error) {
      rmSync(unfinished, { recursive: true, force: true });
      // Another launcher stored the same image first; it is checked below like any other.
      if (!isOccupied(error)) throw error;
    }
  }
  const [first] = compareImages(wanted, measureFolder(place));
  if (first !== undefined) {
    throw new CodedError("boot.image.changed", { ...first.facts, difference: first.code, folder: place });
  }
  return place;
};

const makeStore = (stateDir: string): void => {
  for (const folder of [stateDir, join(stateDir, "images")]) mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
};

/**
 * The folder that becomes `/app`: a copy of the measured files, checked while copying and at every call, which nobody
 * but root can write. Real folders for workspace packages (type stripping refuses files under node_modules), links in
 * node_modules to them. @throws boot.image.unknown, boot.file.changed, boot.image.changed
 */
export const materialise = (manifest: Manifest, name: string, sourceRoot: string, stateDir: string): string => {
  makeStore(stateDir);
  return store((path) => join(sourceRoot, path), imageOf(manifest, name), stateDir);
};

/** The measured copy of the Node binary. @throws boot.file.changed, boot.image.changed */
export const materialiseNode = (manifest: Manifest, nodePath: string, stateDir: string): string => {
  makeStore(stateDir);
  return join(store(() => nodePath, nodeImage(manifest), stateDir), NODE_NAME);
};
