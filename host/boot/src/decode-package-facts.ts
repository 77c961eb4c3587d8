import { type PackageFacts } from "./package-closure.ts";

const keysOf = (untrusted: unknown): readonly string[] =>
  typeof untrusted === "object" && untrusted !== null ? Object.keys(untrusted) : [];

/** The fields of a package.json that say what the package loads; devDependencies are not among them. */
export const decodePackageFacts = (untrustedText: string): PackageFacts => {
  const facts = JSON.parse(untrustedText) as Readonly<Record<string, unknown>>; // npm wrote it; only keys are taken
  const optionalPeers = new Set(keysOf(facts["peerDependenciesMeta"]));
  const optional = new Set(keysOf(facts["optionalDependencies"]));
  const peers = keysOf(facts["peerDependencies"]).filter((name) => !optionalPeers.has(name));
  return {
    name: String(facts["name"]),
    dependencies: [...keysOf(facts["dependencies"]).filter((name) => !optional.has(name)), ...peers],
    optional: [...optional],
  };
};
