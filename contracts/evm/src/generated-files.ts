import type { Artifact } from "./compile-contracts.ts";

/** Deployable contracts and the export name of each ABI. */
export const publishedContracts = {
  Gateway: "gatewayAbi",
  Vault: "vaultAbi",
  DataService: "dataServiceAbi",
  TestToken: "tokenAbi",
  WrappedToken: "wrappedTokenAbi",
} as const;

/** Name of a deployable contract. */
export type ContractName = keyof typeof publishedContracts;

/** What the compiler's output becomes in the repository: path within the package to text. */
export function generatedFiles(artifacts: Readonly<Record<string, Artifact>>): Record<string, string> {
  const files: Record<string, string> = {};
  const parts = ["// Generated from solidity/ by `npm run compile -w contracts/evm`; a test keeps it equal."];
  for (const [name, exported] of Object.entries(publishedContracts)) {
    const artifact = artifacts[name];
    if (artifact === undefined) throw new Error(`${name} was not compiled`);
    files[`artifacts/${name}.json`] = `${JSON.stringify({ abi: artifact.abi, bytecode: artifact.bytecode }, null, 1)}\n`;
    parts.push(`export const ${exported} = ${JSON.stringify(artifact.abi, null, 2)} as const;`);
  }
  files["src/abi.ts"] = `${parts.join("\n\n")}\n`;
  return files;
}

/** Where the compiled contracts of the tests lie, within the package. */
export const TEST_ARTIFACTS_PATH = "test/solidity/compiled.json";
