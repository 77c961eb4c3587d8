import { type DomainPowers } from "@crossguardian/frontend";
import { CHAIN_KIND, CodedError, keyLabel } from "@crossguardian/kernel";
import { type HeaderFollower } from "@crossguardian/plugin-kit";
import { makeHashes, type SignerConfig } from "@crossguardian/protocol";
import { makePool, poolSettings } from "@crossguardian/utxo";
import { decodeMessage, tlsNameOf } from "@crossguardian/wire";
import { serveSigner } from "../signer/serve-signer.ts";
import { makeSigner } from "../signer/signer.ts";
import { makeChainWatch } from "../validator/chain-watch.ts";
import { loadChainPackages } from "./chain-packages.ts";
import { openSignerLog } from "./open-signer-log.ts";
import { roleHostOf } from "./role-host.ts";

/** Label of a signer's key below its root key. */
export const SIGNER_KEY_LABEL = keyLabel("utxo-signer");
/** Streams that ask a signer at a time. */
export const MAX_ASKING_STREAMS = 8;

/** Runs a signer of a pool as a domain: it answers plugins at its intake and follows headers of its own. @throws utxo.config.refused, relaychain.log.* */
export const signInDomain = async (powers: DomainPowers, config: SignerConfig): Promise<void> => {
  const { crypto, clock, log, rootKey, dataPath, failed } = await roleHostOf(powers);
  const settings = decodeMessage(poolSettings, config.pool);
  if (!settings.ok) throw new CodedError("utxo.config.refused", { why: settings.failure.code });
  const key = crypto.deriveKey(rootKey, SIGNER_KEY_LABEL);
  const hashes = makeHashes(crypto.keccak256);
  const pool = makePool({ hashes, sha256: crypto.sha256, secp256k1: crypto.secp256k1 }, settings.value);
  const { journal, certified, pending, maySign } = await openSignerLog(dataPath, pool, crypto.secp256k1.address(key), log);
  const followers: HeaderFollower[] = [];
  const setFrom = (height: bigint): void => {
    for (const each of followers) each.setFrom(height);
  };
  const { chain, startHeight, depth } = settings.value;
  const watch = makeChainWatch({ clock, log, setFrom }, chain, { n: config.endpoints.length, k: config.quorum }, startHeight);
  const chainPackage = (await loadChainPackages([CHAIN_KIND.utxo])).get(CHAIN_KIND.utxo);
  if (chainPackage === undefined) throw new CodedError("utxo.config.refused", { why: "kind" });
  for (const endpoint of config.endpoints) {
    followers.push(
      chainPackage.makeHeaderFollower({
        connect: () => powers.streams.connect(endpoint.name),
        tlsMin: tlsNameOf(powers.security.tlsMin), endpoint, depth, from: null, genesisHash: config.genesisHash, terms: config.terms, settings: new Uint8Array(0),
        clock, log, pollMs: config.pollMs, crypto,
        onHeaders: (headers, tip) => watch.report(endpoint.name, headers, tip),
      }),
    );
  }
  const signer = makeSigner({
    pool, settings: settings.value, journal, secp256k1: crypto.secp256k1, sha256: crypto.sha256, key, headerAt: watch.headerAt, log, certified, pending, maySign,
  });
  let streams = 0;
  powers.streams.onConnection(config.intake, (stream) => {
    if (streams >= MAX_ASKING_STREAMS) {
      stream.destroy();
      return;
    }
    streams += 1;
    stream.on("close", () => (streams -= 1));
    serveSigner(stream, signer.answer, failed);
  });
  powers.gauge("pool.steps", signer.steps);
  powers.onStop(async () => {
    for (const each of followers) each.stop();
    await journal.close();
  });
};
