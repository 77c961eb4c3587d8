import { connect } from "node:net";

import { CodedError } from "@crossguardian/kernel";
import { makeIdentity, openGrpc, seekRequest } from "@crossguardian/plugin-fabric-blocks";
import { decodeFabricBlock, readFabricFields } from "@crossguardian/proof";

import { type PeerEndpoint } from "./read-connection.ts";
import { type Identity } from "./read-identity.ts";

const DELIVER = "/protos.Deliver/Deliver";
const DEADLINE_MS = 15_000;
const ENDPOINT = "asked";
const MS_PER_S = 1_000;
const WORDS: Readonly<Record<string, string>> = { 403: "it does not let this identity read the channel", 404: "it does not know the channel" };

/** A peer that does not give the channel's first block; `why` in words. */
export class SilentPeer extends Error {}

const genesisIn = (sha256: (bytes: Uint8Array) => Uint8Array, message: Uint8Array): Uint8Array => {
  const fields = readFabricFields(message, "deliver response");
  const [block] = fields.all(2);
  if (block === undefined) {
    const status = fields.number(1).toString();
    throw new SilentPeer(`status ${status}: ${WORDS[status] ?? "it gives no blocks"}`);
  }
  return decodeFabricBlock({ sha256 }, block).headerHash;
};

/** Hash of the header of a channel's genesis block, as one peer says. @throws SilentPeer, proof.fabric.malformed */
export const askGenesis = async (sha256: (bytes: Uint8Array) => Uint8Array, peer: PeerEndpoint, identity: Identity, channel: string): Promise<Uint8Array> => {
  const settings = { ...identity, endpoints: [{ name: ENDPOINT, authorityPem: peer.authorityPem, serverName: peer.serverName }], maxEntries: 1, maxTransactions: 1 };
  const request = seekRequest(makeIdentity(settings, null), channel, 0n, BigInt(Math.floor(Date.now() / MS_PER_S)));
  const { hostname, port } = new URL(`grpcs://${peer.host}`);
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const late = setTimeout(() => reject(new SilentPeer(`no answer within ${DEADLINE_MS} ms`)), DEADLINE_MS);
  const connection = openGrpc(() => connect(Number(port), hostname), { name: ENDPOINT, scheme: "grpcs", host: peer.host, path: "" }, settings)({
    onUp: () => {
      connection.stream(DELIVER, request, (message) => {
        try {
          resolve(genesisIn(sha256, message));
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      }, ({ message }) => reject(new SilentPeer(message)));
    },
    onDown: ({ facts }) => reject(new SilentPeer(`no connection (${String(facts["what"])}); check its address, tlsCACerts and ssl-target-name-override`)),
  });
  try {
    return await promise;
  } catch (error) {
    if (error instanceof CodedError) throw new SilentPeer(error.code, { cause: error });
    throw error;
  } finally {
    clearTimeout(late);
    connection.close();
  }
};
