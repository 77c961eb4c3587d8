import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { CodedError, equalBytes, toHex } from "@crossguardian/kernel";
import { makeHashes, makeLedger, makeRegistry, type OrdererConfig } from "@crossguardian/protocol";
import { bounds, cidOf, type Message } from "@crossguardian/wire";
import { type BodyStore } from "../blocks/body-store.ts";
import { applySealed, decodeSealed, encodeSealed, genesisHead, type Head } from "../blocks/sealed-block.ts";
import { decodeGenesis } from "../decode-genesis.ts";
import { NO_SIGNATURE, ROLE } from "../link/hello.ts";
import { type Link } from "../link/link.ts";
import { verifyBlock } from "../validator/verify-block.ts";
import { connectSocket, parseSocketAddress } from "./listen.ts";
import { openPeer } from "./open-peer.ts";
import { type Peer } from "./peer-node.ts";
import { openRecordFile } from "./record-file.ts";
import { type RoleHost } from "./role-host.ts";
import { openSegmentBodyStore } from "./segment-body-store.ts";
import { stayConnected } from "./stay-connected.ts";

/** Bodies an archive still looks for; more are looked for when these are there. */
const MAX_MISSING = 8192;
const ASK_MISSING_MS = 2000;

/** A running archive. */
export type RunningArchive = {
  readonly height: () => bigint;
  readonly bodies: BodyStore;
  readonly missing: () => number;
  readonly addresses: () => readonly string[];
  readonly stop: () => Promise<void>;
};

/**
 * Follows the orderer at `config.listen` and keeps every block and body, each checked (attestation, entries, root,
 * content id); serves them by bitswap. It trusts the orderer with nothing but being there.
 * @throws relaychain.config.malformed, relaychain.log.*
 */
export const runArchive = async (host: RoleHost, config: OrdererConfig): Promise<RunningArchive> => {
  const { crypto, clock, log } = host;
  const genesis = decodeGenesis(config.genesis);
  const hashes = makeHashes(crypto.keccak256);
  const powers = { hashes, secp256k1: crypto.secp256k1 };
  let registry = makeRegistry(hashes, genesis);
  let head: Head = genesisHead(registry, genesis);
  const missing = new Map<string, Uint8Array>();

  const advance = (record: Uint8Array): void => {
    const block = decodeSealed(record);
    const { header } = block.attestation;
    if (header.height !== head.height + 1n) throw new CodedError("relaychain.log.broken", { height: header.height });
    const documents = block.entries.filter((each) => each.facts.kind > 3);
    registry = applySealed(powers, { registry, ledger: makeLedger() }, { ...block, entries: documents });
    head = { height: header.height, hash: hashes.blockDigest(registry.relayGenesis, header), tickMs: header.tickMs };
  };

  await mkdir(host.dataPath, { recursive: true });
  const onTorn = ({ offset, bytes }: { offset: number; bytes: number }): void => log.warn("relaychain.log.torn", { offset, bytes });
  const chain = await openRecordFile({ path: join(host.dataPath, "chain.log"), onRecord: advance, onTorn });
  const bodies = await openSegmentBodyStore({ folder: join(host.dataPath, "bodies"), onTorn });
  const peer: Peer | null = config.p2pListen === "" ? null : await openPeer(host, config, bodies);

  const keepBody = (cid: Uint8Array, body: Uint8Array): void => {
    if (cid.length === 0) return;
    if (body.length > 0 && equalBytes(cidOf(crypto.sha256, body), cid)) {
      bodies.put(cid, body);
      missing.delete(toHex(cid));
    } else if (!bodies.has(cid) && missing.size < MAX_MISSING) missing.set(toHex(cid), cid.slice());
  };

  const onBlock = (link: () => Link, untrusted: Message<"block">): void => {
    if (untrusted.attestation.header.height <= head.height) return;
    const verified = verifyBlock(powers, { registry, head }, untrusted);
    if (!verified.ok) {
      log.alarm(verified.failure.code, verified.failure.facts);
      link().close(verified.failure.code);
      return;
    }
    for (const entry of untrusted.entries) keepBody(entry.cid, entry.body);
    const record = encodeSealed(untrusted);
    bodies.put(cidOf(crypto.sha256, record), record);
    chain.append(record);
    advance(record);
    Promise.all([bodies.flush(), chain.flush()]).catch(host.failed);
  };

  const connection = stayConnected({
    connect: () => connectSocket(parseSocketAddress(config.listen)),
    handlersFor: (link) => ({
      relayChallenge: ({ relayGenesis }) => {
        if (!equalBytes(relayGenesis, registry.relayGenesis)) {
          log.alarm("relaychain.link.chain");
          link().close("relaychain.link.chain");
          return;
        }
        link().send("relayHello", { role: ROLE.client, name: "archive", height: head.height, signature: NO_SIGNATURE });
        link().send("wantBlocks", { from: head.height + 1n });
      },
      block: (message) => onBlock(link, message),
      bodies: (message) => {
        for (const { cid, body } of message.bodies) keepBody(cid, body);
        bodies.flush().catch(host.failed);
      },
    }),
    clock,
    log,
  });

  let isStopped = false;
  const askMissing = (): void => {
    if (isStopped) return;
    clock.after(ASK_MISSING_MS, askMissing);
    if (missing.size === 0) return;
    connection.link()?.send("wantBodies", { cids: [...missing.values()].slice(0, bounds.MAX_CIDS_PER_QUESTION) });
  };
  askMissing();
  log.info("relaychain.archive.ready", { height: head.height });

  return {
    height: () => head.height,
    bodies,
    missing: () => missing.size,
    addresses: () => peer?.addresses() ?? [],
    stop: async () => {
      isStopped = true;
      connection.stop();
      await peer?.stop();
      await Promise.all([bodies.close(), chain.close()]);
    },
  };
};
