import { CodedError, equalBytes, fromHex, type Hash, toHex } from "@crossguardian/kernel";
import { type HeaderSource } from "@crossguardian/plugin-kit";
import { decodeUtxoHeader } from "@crossguardian/proof";
import { asBytes, asHash, asHeight, decodeResult } from "./decode-answer.ts";
import { type ChainBlock, decodeBlock } from "./chain-block.ts";

/** A node that speaks Bitcoin's JSON-RPC, asked over lent streams; every hash is computed here. */
export type UtxoNode = HeaderSource & {
  readonly headerBytes: (height: bigint) => Promise<Uint8Array>;
  readonly block: (height: bigint) => Promise<ChainBlock>;
  /** Hands a transaction in; a node that knows it already, or refuses, is no failure: what counts is the block. */
  readonly send: (transaction: Uint8Array) => Promise<void>;
};

/** Makes a node out of a way to ask. @throws plugin.node.genesis when its first block is another one */
export const makeNode = (
  ask: (body: string) => Promise<string>,
  powers: { readonly sha256: Hash },
  chain: { readonly genesisHash: Uint8Array; readonly limitBits: number },
): UtxoNode => {
  let isGenesisKnown = false;
  const call = async (method: string, params: readonly unknown[]): Promise<unknown> => decodeResult(await ask(JSON.stringify({ jsonrpc: "1.0", id: 1, method, params })));
  const hashAt = async (height: bigint): Promise<string> => asHash(await call("getblockhash", [Number(height)]));
  const headerBytes = async (height: bigint): Promise<Uint8Array> => asBytes(await call("getblockheader", [await hashAt(height), false]), "header");
  return {
    headerBytes,
    tip: async () => {
      if (!isGenesisKnown) {
        const { hash } = decodeUtxoHeader(powers.sha256, await headerBytes(0n), chain.limitBits);
        if (!equalBytes(hash, chain.genesisHash)) throw new CodedError("plugin.node.genesis");
        isGenesisKnown = true;
      }
      return asHeight(await call("getblockcount", []));
    },
    header: async (height) => {
      const { hash, parentHash } = decodeUtxoHeader(powers.sha256, await headerBytes(height), chain.limitBits);
      return { height, hash, parentHash };
    },
    block: async (height) => {
      const shown = await hashAt(height);
      const block = decodeBlock(powers.sha256, asBytes(await call("getblock", [shown, false]), "block"));
      const { hash } = decodeUtxoHeader(powers.sha256, block.header, chain.limitBits);
      if (!equalBytes(hash, fromHex(shown).reverse())) throw new CodedError("plugin.answer.refused", { what: "hash", height });
      return block;
    },
    send: async (transaction) => {
      await call("sendrawtransaction", [toHex(transaction)]).catch((error: unknown) => {
        if (!(error instanceof CodedError) || error.code !== "plugin.node.failed") throw error;
      });
    },
  };
};
