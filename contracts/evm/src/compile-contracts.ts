import solc from "solc";

/** One compiled contract: ABI, creation bytecode and runtime size in bytes. */
export type Artifact = { readonly abi: readonly unknown[]; readonly bytecode: `0x${string}`; readonly runtimeBytes: number };

/** EIP-170: a chain refuses runtime code longer than this. */
export const MAX_RUNTIME_BYTES = 24_576;

const settings = {
  optimizer: { enabled: true, runs: 800 },
  evmVersion: "shanghai",
  metadata: { bytecodeHash: "none", appendCBOR: false },
  outputSelection: { "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] } },
};

/**
 * Compiles Solidity sources (file name to text) and returns every contract by name.
 * Warnings count as failures. viaIR: the slower code generator, which the Request event"s ten values need. Deterministic: same sources and solc give the same bytes.
 * @throws Error with the compiler"s messages
 */
export function compileContracts(
  sources: Readonly<Record<string, string>>,
  { viaIR }: { readonly viaIR: boolean } = { viaIR: true },
): Record<string, Artifact> {
  const input = {
    language: "Solidity",
    settings: { ...settings, viaIR },
    sources: Object.fromEntries(Object.entries(sources).map(([name, content]) => [name, { content }])),
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input))) as SolcOutput;
  const messages = (output.errors ?? []).filter((error) => error.severity !== "info");
  if (messages.length > 0) throw new Error(messages.map((error) => error.formattedMessage).join("\n"));
  const artifacts: Record<string, Artifact> = {};
  for (const contracts of Object.values(output.contracts ?? {})) {
    for (const [name, contract] of Object.entries(contracts)) {
      artifacts[name] = {
        abi: contract.abi,
        bytecode: `0x${contract.evm.bytecode.object}`,
        runtimeBytes: contract.evm.deployedBytecode.object.length / 2,
      };
    }
  }
  return artifacts;
}

type SolcOutput = {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[];
  readonly contracts?: Record<
    string,
    Record<
      string,
      { readonly abi: readonly unknown[]; readonly evm: Record<"bytecode" | "deployedBytecode", { readonly object: string }> }
    >
  >;
};
