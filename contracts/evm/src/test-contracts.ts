import { readSources } from "./adapters/artifact-files.ts";
import { type Artifact, compileContracts } from "./compile-contracts.ts";

const CONTRACTS = ["Hostile", "FeeToken", "SilentToken", "HookToken"];

/** Compiles the attackers of the tests, which know the product only by its two interfaces. */
export function testArtifactsText(): string {
  const product = readSources();
  const interfaces = Object.fromEntries(["IService.sol", "IGateway.sol"].map((name) => [name, product[name] ?? ""]));
  const artifacts = compileContracts({ ...readSources("test/solidity"), ...interfaces }, { viaIR: false });
  const kept = CONTRACTS.map((name): [string, Artifact | undefined] => [name, artifacts[name]]);
  return `${JSON.stringify(Object.fromEntries(kept), null, 1)}\n`;
}
