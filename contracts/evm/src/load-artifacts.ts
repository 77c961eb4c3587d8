import type { Abi } from "viem";
import { readPackageFile } from "./adapters/artifact-files.ts";
import { type ContractName, publishedContracts } from "./generated-files.ts";

/** A contract ready to deploy. */
export type LoadedArtifact = { readonly abi: Abi; readonly bytecode: `0x${string}` };

/** Reads the committed artifacts of every deployable contract. */
export function loadArtifacts(): Record<ContractName, LoadedArtifact> {
  const names = Object.keys(publishedContracts) as ContractName[];
  return Object.fromEntries(
    names.map((name) => [name, JSON.parse(readPackageFile(`artifacts/${name}.json`)) as LoadedArtifact]),
  ) as Record<ContractName, LoadedArtifact>;
}
