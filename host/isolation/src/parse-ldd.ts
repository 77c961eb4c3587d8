/** Absolute paths `ldd` names: libraries and the loader; null where one was not found. */
export const parseLdd = (output: string): readonly string[] | null => {
  if (output.includes("not found")) return null;
  const paths = output.split("\n").flatMap((line) => /(?:=> |^\s*)(\/[^ ,:\n]+) \(0x/.exec(line)?.[1] ?? []);
  return paths.length === 0 ? null : [...new Set(paths)];
};
