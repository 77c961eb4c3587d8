import { CodedError, equalBytes, fromHex } from "@crossguardian/kernel";

import { makeRpc } from "../rpc.ts";

/** What a chain says of itself. */
export type ChainIdentity = { readonly numericId: number; readonly genesisHash: Uint8Array };

const ID = /^0x[0-9a-f]{1,13}$/iu;
const HASH = /^0x[0-9a-f]{64}$/iu;

const identityAt = async (chain: string, endpoint: string, url: string): Promise<ChainIdentity> => {
  const rpc = makeRpc(url);
  try {
    const untrustedId = await rpc.call<unknown>("eth_chainId", []);
    const untrustedBlock = await rpc.call<{ readonly hash?: unknown } | null>("eth_getBlockByNumber", ["0x0", false]);
    const untrustedHash = untrustedBlock?.hash;
    if (typeof untrustedId !== "string" || !ID.test(untrustedId) || typeof untrustedHash !== "string" || !HASH.test(untrustedHash)) {
      throw new CodedError("config.chain.mismatch", { chain, endpoint, why: "neither a chain id nor a first block" });
    }
    return { numericId: Number(untrustedId), genesisHash: fromHex(untrustedHash, 32) };
  } catch (cause) {
    if (cause instanceof CodedError && cause.code === "config.chain.mismatch") throw cause;
    const why = cause instanceof CodedError ? String(cause.failure.facts["says"] ?? cause.code) : "no answer";
    throw new CodedError("config.chain.silent", { chain, endpoint, why }, { cause });
  }
};

/** Endpoints of one chain, by the field of the configuration that names them. `known` is what was found at an earlier time. */
export type AskedChain = {
  readonly name: string;
  readonly endpoints: readonly { readonly field: string; readonly url: string }[];
  readonly known: ChainIdentity | null;
};

const isSilent = (error: unknown): boolean => error instanceof CodedError && error.code === "config.chain.silent";

const askOne = async ({ name, endpoints, known }: AskedChain, onSilent: (chain: string, field: string) => void): Promise<ChainIdentity> => {
  const answers = await Promise.all(
    endpoints.map(async ({ field, url }) => {
      try {
        return [{ field, ...(await identityAt(name, field, url)) }];
      } catch (error) {
        if (known === null || !isSilent(error)) throw error;
        onSilent(name, field);
        return [];
      }
    }),
  );
  const first = known ?? answers[0]?.[0];
  if (first === undefined) throw new Error(`chain ${name} has no endpoint`);
  for (const other of answers.flat()) {
    if (other.numericId !== first.numericId || !equalBytes(other.genesisHash, first.genesisHash)) {
      throw new CodedError("config.chain.mismatch", { chain: name, endpoint: other.field, id: other.numericId, wantedId: first.numericId });
    }
  }
  return { numericId: first.numericId, genesisHash: first.genesisHash };
};

/** No two chains have the same id: signatures for one would be good on the other. @throws config.chain.idTwice */
export const checkIds = (chains: readonly { readonly name: string; readonly numericId: number }[]): void => {
  const nameOfId = new Map<number, string>();
  for (const { name, numericId } of chains) {
    const twin = nameOfId.get(numericId);
    if (twin !== undefined) throw new CodedError("config.chain.idTwice", { chain: name, other: twin, id: numericId });
    nameOfId.set(numericId, name);
  }
};

/**
 * Asks every endpoint which chain it serves: those of one chain must agree, and no two chains may have the same id.
 * An endpoint of a chain that is known already may be silent: a gateway starts with fewer witnesses than it has.
 * Errors: config.chain.silent, config.chain.mismatch, config.chain.idTwice.
 */
export const askChains = async (
  chains: readonly AskedChain[],
  onSilent: (chain: string, field: string) => void = () => undefined,
): Promise<ReadonlyMap<string, ChainIdentity>> => {
  const found = new Map<string, ChainIdentity>();
  for (const chain of chains) found.set(chain.name, await askOne(chain, onSilent));
  checkIds([...found].map(([name, { numericId }]) => ({ name, numericId })));
  return found;
};
