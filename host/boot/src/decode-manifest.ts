import { CodedError } from "@crossguardian/kernel";
import { type Manifest, type MeasuredFile, type MeasuredImage, type MeasuredLink } from "./manifest.ts";

/** Images in a manifest at most. */
export const MAX_IMAGES_COUNT = 64;
/** Files of one image at most. */
export const MAX_IMAGE_FILES_COUNT = 50_000;
/** Longest path in a manifest. */
export const MAX_PATH_CHARS = 1_024;

const malformed = (what: string): CodedError => new CodedError("boot.manifest.malformed", { what });

const asRecord = (untrusted: unknown, what: string): Readonly<Record<string, unknown>> => {
  if (typeof untrusted !== "object" || untrusted === null || Array.isArray(untrusted)) throw malformed(what);
  return untrusted as Readonly<Record<string, unknown>>; // a plain object was checked above
};

const asList = (untrusted: unknown, what: string): readonly unknown[] => {
  if (!Array.isArray(untrusted) || untrusted.length > MAX_IMAGE_FILES_COUNT) throw malformed(what);
  return untrusted;
};

const asPath = (untrusted: unknown, absolute: boolean): string => {
  if (typeof untrusted !== "string" || untrusted.length > MAX_PATH_CHARS) throw malformed("path");
  const inside = absolute ? untrusted.slice(1) : untrusted;
  const escapes = inside.split("/").some((part) => part === "" || part === "." || part === "..");
  if (escapes || untrusted.startsWith("/") !== absolute || untrusted.includes("\0")) throw malformed("path");
  return untrusted;
};

const asCount = (untrusted: unknown, what: string): number => {
  if (typeof untrusted !== "number" || !Number.isSafeInteger(untrusted) || untrusted < 0) throw malformed(what);
  return untrusted;
};

const asFile = (untrusted: unknown, absolute: boolean): MeasuredFile => {
  const file = asRecord(untrusted, "file");
  const sha256 = file["sha256"];
  if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/u.test(sha256)) throw malformed("sha256");
  return {
    path: asPath(file["path"], absolute),
    sha256,
    mode: asCount(file["mode"], "mode"),
    bytes: asCount(file["bytes"], "bytes"),
  };
};

const asLink = (untrusted: unknown): MeasuredLink => {
  const link = asRecord(untrusted, "link");
  const { path, target } = link;
  if (typeof target !== "string" || !/^(\.\.\/)+[A-Za-z0-9/_.-]+$/u.test(target)) throw malformed("target");
  return { path: asPath(path, false), target };
};

const asImage = (untrusted: unknown): MeasuredImage => {
  const image = asRecord(untrusted, "image");
  return {
    files: asList(image["files"], "files").map((file) => asFile(file, false)),
    links: asList(image["links"], "links").map(asLink),
  };
};

const parse = (untrustedText: string): unknown => {
  try {
    return JSON.parse(untrustedText);
  } catch (cause) {
    throw new CodedError("boot.manifest.malformed", { what: "json" }, { cause });
  }
};

/**
 * Decodes a manifest whose signature was checked.
 * @param wanted images to decode, all when it is left out; the others are not in the result
 * @throws boot.manifest.malformed
 */
export const decodeManifest = (untrustedText: string, wanted?: readonly string[]): Manifest => {
  const manifest = asRecord(parse(untrustedText), "manifest");
  if (manifest["version"] !== 1) throw malformed("version");
  const images = Object.entries(asRecord(manifest["images"], "images"));
  if (images.length > MAX_IMAGES_COUNT) throw malformed("images");
  return {
    version: 1,
    node: asFile(manifest["node"], true),
    host: asList(manifest["host"], "host").map((file) => asFile(file, true)),
    policies: asList(manifest["policies"], "policies").map((file) => asFile(file, false)),
    images: Object.fromEntries(images.flatMap(([name, image]) => (wanted?.includes(name) === false ? [] : [[name, asImage(image)]]))),
  };
};
