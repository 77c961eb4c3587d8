import { failure, type Failure } from "@crossguardian/kernel";
import { type MeasuredFile, type MeasuredImage } from "./manifest.ts";

const compareFile = (expected: MeasuredFile, actual: MeasuredFile | undefined): Failure | null => {
  const { path } = expected;
  if (actual === undefined) return failure("boot.file.missing", { path });
  if (actual.sha256 !== expected.sha256) return failure("boot.file.changed", { path });
  if (actual.mode !== expected.mode) {
    return failure("boot.file.mode", { path, is: actual.mode.toString(8), measured: expected.mode.toString(8) });
  }
  return null;
};

/** Every difference between two lists of files, in the order of the first, extra ones last. */
export const compareFiles = (expected: readonly MeasuredFile[], actual: readonly MeasuredFile[]): readonly Failure[] => {
  const there = new Map(actual.map((file) => [file.path, file]));
  const differences = expected.map((file) => compareFile(file, there.get(file.path))).filter((each) => each !== null);
  const known = new Set(expected.map((file) => file.path));
  const extra = actual.filter((file) => !known.has(file.path)).map(({ path }) => failure("boot.file.extra", { path }));
  return [...differences, ...extra];
};

/** Every difference between a measured image and what is there; empty when they are the same. */
export const compareImages = (expected: MeasuredImage, actual: MeasuredImage): readonly Failure[] => {
  const there = new Map(actual.links.map((link) => [link.path, link.target]));
  const known = new Set(expected.links.map((link) => link.path));
  return [
    ...compareFiles(expected.files, actual.files),
    ...expected.links.flatMap(({ path, target }) => {
      if (!there.has(path)) return [failure("boot.file.missing", { path })];
      return there.get(path) === target ? [] : [failure("boot.file.changed", { path })];
    }),
    ...actual.links.filter(({ path }) => !known.has(path)).map(({ path }) => failure("boot.file.extra", { path })),
  ];
};
