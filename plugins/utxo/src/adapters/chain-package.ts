import { type AskHttp, makeAskHttp } from "@crossguardian/domain-appchain";
import { CHAIN_KIND, CodedError, type Hash } from "@crossguardian/kernel";
import { type ChainPackage, type LentEndpoint, pollHeaders } from "@crossguardian/plugin-kit";
import { utxoTerms } from "@crossguardian/proof";
import { poolSettings } from "@crossguardian/utxo";
import { decodeMessage } from "@crossguardian/wire";
import { makeNode, type UtxoNode } from "../node.ts";
import { makeUtxoPlugin, UTXO_GAUGES } from "../plugin.ts";

/** One answer of a node, in bytes: a block in hexadecimal. */
export const MAX_NODE_ANSWER_BYTES = 10 * 1024 * 1024;
const DEADLINE_MS = 15_000;
/** Least pause between two questions for the tip, in ms: blocks of such chains are far apart, and every witness and validator asks. */
const LEAST_POLL_MS = 1_000;

const openNode = (
  { config, connect }: LentEndpoint,
  sha256: Hash,
  chain: { readonly genesisHash: Uint8Array; readonly terms: Uint8Array },
): { readonly node: UtxoNode; readonly asker: AskHttp } => {
  const terms = decodeMessage(utxoTerms, chain.terms);
  if (!terms.ok) throw new CodedError("utxo.config.refused", { why: terms.failure.code });
  const asker = makeAskHttp(connect, { host: config.host, maxAnswerBytes: MAX_NODE_ANSWER_BYTES, deadlineMs: DEADLINE_MS });
  const node = makeNode(async (body) => asker.ask({ path: "/", body }), { sha256 }, { genesisHash: chain.genesisHash, limitBits: terms.value.limitBits });
  return { node, asker };
};

/** UTXO chains whose nodes speak Bitcoin's JSON-RPC. */
export const chainPackage: ChainPackage = {
  kind: CHAIN_KIND.utxo,
  gauges: UTXO_GAUGES,
  makeHeaderFollower: (options) => {
    const { node, asker } = openNode({ config: options.endpoint, connect: options.connect }, options.crypto.sha256, options);
    const follower = pollHeaders(node, { ...options, pollMs: Math.max(options.pollMs, LEAST_POLL_MS) });
    return {
      ...follower,
      stop: () => {
        follower.stop();
        asker.stop();
      },
    };
  },
  makePlugin: (ports, config) => {
    const [first] = ports.endpoints;
    const settings = decodeMessage(poolSettings, config.settings);
    if (first === undefined || !settings.ok) throw new CodedError("utxo.config.refused", { why: settings.ok ? "endpoints" : settings.failure.code });
    const { node, asker } = openNode(first, ports.crypto.sha256, config);
    return makeUtxoPlugin(ports, config, node, settings.value, asker.stop);
  },
};
