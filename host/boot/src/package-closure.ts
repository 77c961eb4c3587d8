import { CodedError } from "@crossguardian/kernel";
import { posix } from "node:path";
import { type ImageRoot } from "./image-table.ts";

/** What a package.json says about what the package loads. */
export type PackageFacts = {
  readonly name: string;
  readonly dependencies: readonly string[];
  /** Loaded when installed. */
  readonly optional: readonly string[];
};

/** The installed packages; folders are relative to the project's root. */
export type PackageStore = {
  /** Null when the folder holds no package. */
  readonly read: (folder: string) => PackageFacts | null;
  /** Where the folder really lies, or null when it is not there. */
  readonly locate: (folder: string) => string | null;
};

/** A package of a closure. */
export type ClosurePackage = { readonly folder: string; readonly owner: "workspace" | "third-party" };

/** Packages that run together, and the links by which workspace packages are found. */
export type Closure = {
  readonly packages: readonly ClosurePackage[];
  readonly links: readonly { readonly path: string; readonly target: string }[];
};

const isThirdParty = (folder: string): boolean => folder.split("/").includes("node_modules");

// Node's own search: node_modules of the folder, then of each folder above.
const searchFolders = (from: string): string[] => {
  const folders: string[] = [];
  for (let at = from; ; at = posix.dirname(at)) {
    if (posix.basename(at) !== "node_modules") folders.push(posix.join(at, "node_modules"));
    if (at === "." || at === "") return folders;
  }
};

/**
 * The packages `roots` load, directly or not, as Node resolves them.
 * @throws boot.package.missing
 */
export const packageClosure = (roots: readonly ImageRoot[], store: PackageStore): Closure => {
  const found = new Map<string, ClosurePackage>();
  const links = new Map<string, string>();

  const visit = (folder: string, ownOnly = false): void => {
    if (found.has(folder)) return;
    const facts = store.read(folder);
    if (facts === null) throw new CodedError("boot.package.missing", { package: folder });
    found.set(folder, { folder, owner: isThirdParty(folder) ? "third-party" : "workspace" });
    const wanted = [
      ...facts.dependencies.map((name) => ({ name, needed: true })),
      ...facts.optional.map((name) => ({ name, needed: false })),
    ];
    for (const { name, needed } of wanted) {
      const place = searchFolders(folder)
        .map((each) => posix.join(each, name))
        .find((each) => store.locate(each) !== null);
      if (place === undefined) {
        if (needed) throw new CodedError("boot.package.missing", { package: name, neededBy: folder });
        continue;
      }
      const real = store.locate(place) ?? place;
      if (ownOnly && isThirdParty(real)) continue;
      if (real !== place) links.set(place, posix.relative(posix.dirname(place), real));
      visit(real);
    }
  };

  for (const root of roots) {
    if (typeof root === "string") visit(root);
    else visit(root.folder, root.ownOnly);
  }
  return {
    packages: [...found.values()],
    links: [...links].map(([path, target]) => ({ path, target })),
  };
};
