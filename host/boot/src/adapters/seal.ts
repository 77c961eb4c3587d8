import { realpathSync } from "node:fs";
import { join } from "node:path";
import { type ImageTable } from "../image-table.ts";
import { encodeManifest, type Manifest, type MeasuredFile } from "../manifest.ts";
import { hostFiles } from "./host-files.ts";
import { imagesOf } from "./installed-images.ts";
import { measureFile } from "./measure-file.ts";
import { measureInstalled, measurePolicies } from "./measure-image.ts";
import { storeSigned } from "./trust-files.ts";

/** Where a project, its trust and its images lie. */
export type BootPlaces = {
  /** Root of the project: the folder with node_modules. */
  readonly root: string;
  /** Default: `.crossguardian/trust` in the root. */
  readonly trustDir?: string;
  /** Default: the node that runs this. */
  readonly nodePath?: string;
  /** Key to trust instead of the one made at set-up. */
  readonly publicKeyFile?: string;
  /** Default: the images of the project and of its installed plugins. */
  readonly images?: ImageTable;
};

/** Folder of the signed manifest. */
export const trustDirOf = (places: BootPlaces): string =>
  places.trustDir ?? join(places.root, ".crossguardian", "trust");

/** Folder of kernel and images of guests. */
export const guestDirOf = (places: Pick<BootPlaces, "root">): string => join(places.root, ".crossguardian", "guest");

/** Folder of kernel and images of DomUs. */
export const domuDirOf = (places: Pick<BootPlaces, "root">): string => join(places.root, ".crossguardian", "domu");

/** Real path of the Node binary. */
export const nodePathOf = (places: BootPlaces): string => realpathSync(places.nodePath ?? process.execPath);

/** Measures everything that runs and signs the measure. @throws boot.package.missing, boot.file.kind, boot.key.unsafe */
export const seal = (places: BootPlaces): Manifest => {
  const nodePath = nodePathOf(places);
  const known = new Map<string, MeasuredFile>();
  const manifest: Manifest = {
    version: 1,
    node: measureFile(nodePath, nodePath),
    host: hostFiles(nodePath, [guestDirOf(places), domuDirOf(places)]).map((path) => measureFile(path, path)),
    policies: measurePolicies(places.root),
    images: Object.fromEntries(
      Object.entries(places.images ?? imagesOf(places.root)).map(([name, folders]) => [name, measureInstalled(places.root, folders, known)]),
    ),
  };
  storeSigned(trustDirOf(places), encodeManifest(manifest));
  return manifest;
};
