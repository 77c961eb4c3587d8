const THIRD_PARTY_DROPPED_FOLDERS = new Set([
  "test", "tests", "__tests__", "doc", "docs", "example", "examples", "benchmark", "benchmarks", "coverage",
]);
const THIRD_PARTY_DROPPED_NAMES = /(^\.|\.(map|md|markdown|ts|mts|cts|tsx|flow|c|cc|cpp|h|hpp|o|a|d|gyp|gypi|mk)$)/iu;
const WORKSPACE_DROPPED_FOLDERS = new Set(["test", "bench", "coverage"]);
const WORKSPACE_DROPPED_NAMES = /(^\.|\.md$)/u;

/**
 * Whether a file or folder of a package can matter when the package runs. What does not is neither measured nor
 * copied into an image, so it cannot run there either.
 * @param depth 0 for what lies directly in the package
 */
export const isRuntimeFile = (owner: "workspace" | "third-party", name: string, depth: number, isFolder: boolean): boolean => {
  // A package's own node_modules are walked as packages, never as files.
  if (isFolder && name === "node_modules") return false;
  const folders = owner === "workspace" ? WORKSPACE_DROPPED_FOLDERS : THIRD_PARTY_DROPPED_FOLDERS;
  if (isFolder) return !name.startsWith(".") && !(depth === 0 && folders.has(name));
  return !(owner === "workspace" ? WORKSPACE_DROPPED_NAMES : THIRD_PARTY_DROPPED_NAMES).test(name);
};
