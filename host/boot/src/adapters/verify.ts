import { CodedError, failure, type Failure } from "@crossguardian/kernel";
import { hash } from "node:crypto";
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { compareFiles, compareImages } from "../compare-images.ts";
import { decodeManifest } from "../decode-manifest.ts";
import { BASE_IMAGE } from "../image-table.ts";
import { type Manifest, type MeasuredFile, type MeasuredImage } from "../manifest.ts";
import { imagesOf } from "./installed-images.ts";
import { measureFile } from "./measure-file.ts";
import { measureInstalled, measurePolicies } from "./measure-image.ts";
import { type FileMeasurer, READ_ALL, rememberFiles } from "./remembered-files.ts";
import { readSigned } from "./trust-files.ts";
import { type BootPlaces, nodePathOf, trustDirOf } from "./seal.ts";

/** The signed manifest. @throws boot.manifest.missing, .signature, .malformed, boot.key.unsafe */
export const loadManifest = (places: BootPlaces): Manifest =>
  decodeManifest(readSigned(trustDirOf(places), places.publicKeyFile));

/** One image of the manifest. @throws boot.image.unknown */
export const imageOf = (manifest: Manifest, name: string): MeasuredImage => {
  const image = Object.hasOwn(manifest.images, name) ? manifest.images[name] : undefined;
  if (image === undefined) throw new CodedError("boot.image.unknown", { image: name.slice(0, 40) });
  return image;
};

const nodeDifference = (expected: MeasuredFile, nodePath: string, { measure }: FileMeasurer): readonly Failure[] =>
  measure(nodePath, nodePath).sha256 === expected.sha256 ? [] : [failure("boot.file.changed", { path: nodePath })];

const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;

/**
 * Every difference between the signed manifest and what is installed: the Node binary, its libraries, the runtime,
 * the policies, the launcher itself and the named images. Empty: all is as it was sealed.
 * @param measurer for what is copied before it runs; the launcher itself, libraries and policies are read in any case
 * @throws boot.manifest.* when there is nothing to compare with
 */
export const findDifferences = (places: BootPlaces, imageNames: readonly string[], manifest = loadManifest(places), measurer = READ_ALL): readonly Failure[] => {
  const table = places.images ?? imagesOf(places.root);
  const known = new Map<string, MeasuredFile>();
  const names = [...new Set([...(Object.hasOwn(manifest.images, BASE_IMAGE) ? [BASE_IMAGE] : []), ...imageNames])];
  return [
    ...nodeDifference(manifest.node, nodePathOf(places), measurer),
    ...compareFiles(manifest.host, manifest.host.filter(({ path }) => isThere(path)).map(({ path }) => measureFile(path, path))),
    ...compareFiles(manifest.policies, measurePolicies(places.root)),
    ...names.flatMap((name) => {
      const image = imageOf(manifest, name);
      const folders = Object.hasOwn(table, name) ? table[name] : undefined;
      if (folders === undefined) throw new CodedError("boot.image.unknown", { image: name.slice(0, 40) });
      return compareImages(image, measureInstalled(places.root, folders, known, name === BASE_IMAGE ? READ_ALL : measurer));
    }),
  ];
};

/**
 * Returns the manifest, with the named images only, when nothing differs from it. Installed files that did not change since they were read last are not read
 * again; images are, when they are taken from the store.
 * @throws boot.file.changed, .missing, .extra, .mode with the first difference and how many more there are
 */
export const verify = (places: BootPlaces, imageNames: readonly string[]): Manifest => {
  const text = readSigned(trustDirOf(places), places.publicKeyFile);
  const names = [...new Set(imageNames)].sort();
  const manifest = decodeManifest(text, [BASE_IMAGE, ...names]);
  const measurer = rememberFiles(join(trustDirOf(places), `checked-${hash("sha256", names.join()).slice(0, 16)}.json`), hash("sha256", text));
  const [first, ...more] = findDifferences(places, names, manifest, measurer);
  if (first !== undefined) throw new CodedError(first.code, { ...first.facts, more: more.length });
  measurer.save();
  return manifest;
};
