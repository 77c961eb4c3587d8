import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ImageTable, IMAGES } from "../image-table.ts";
import { measureInstalled } from "./measure-image.ts";

/** Size of a domain: what the paper's risk measure is computed from (section IV-A, eqs. 3-5). */
export type DomainSize = {
  readonly image: string;
  readonly ownFiles: number;
  readonly ownLines: number;
  readonly ownBytes: number;
  readonly thirdPartyPackages: number;
  readonly thirdPartyFiles: number;
  readonly thirdPartyLines: number;
  readonly thirdPartyBytes: number;
};

const SOURCE = /\.(ts|js|mjs|cjs)$/u;
const PACKAGE_OF = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//u;

const linesOf = (path: string): number => {
  let lines = 0;
  for (const byte of readFileSync(path)) if (byte === 10) lines += 1;
  return lines;
};

/** Lines of source and bytes of each image, own and third-party apart. */
export const measureSizes = (root: string, images: ImageTable = IMAGES): readonly DomainSize[] =>
  Object.entries(images).map(([image, folders]) => {
    const { files } = measureInstalled(root, folders);
    const foreign = files.filter(({ path }) => path.includes("node_modules/"));
    const own = files.filter(({ path }) => !path.includes("node_modules/"));
    const lines = (list: typeof files): number =>
      list.filter(({ path }) => SOURCE.test(path)).reduce((sum, { path }) => sum + linesOf(join(root, path)), 0);
    const bytes = (list: typeof files): number => list.reduce((sum, file) => sum + file.bytes, 0);
    return {
      image,
      ownFiles: own.length,
      ownLines: lines(own),
      ownBytes: bytes(own),
      thirdPartyPackages: new Set(foreign.map(({ path }) => PACKAGE_OF.exec(path)?.[1])).size,
      thirdPartyFiles: foreign.length,
      thirdPartyLines: lines(foreign),
      thirdPartyBytes: bytes(foreign),
    };
  });
