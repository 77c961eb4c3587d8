import { CodedError } from "@crossguardian/kernel";
import { makeNode, type UtxoNode } from "@crossguardian/plugin-utxo";
import { type Crypto } from "@crossguardian/crypto";

const DEADLINE_MS = 10_000;
/** Least work on regtest. */
export const REGTEST_LIMIT_BITS = 0x207f_ffff;

/** Opens a node by its URL, for users and the oracle. `genesisHash` null takes whatever chain it serves. @throws cli.rpc.failed */
export const openUtxoNode = (crypto: Pick<Crypto, "sha256">, url: string, genesisHash: Uint8Array): UtxoNode =>
  makeNode(
    async (body) => {
      const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body, signal: AbortSignal.timeout(DEADLINE_MS) }).catch((cause: unknown) => {
        throw new CodedError("plugin.node.failed", { what: "connection" }, { cause });
      });
      return answer.text();
    },
    crypto,
    { genesisHash, limitBits: REGTEST_LIMIT_BITS },
  );
