import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCrypto } from "@crossguardian/crypto";
import { type FabricOptions, type Member, openOrganization, startFabric, type StartedFabric } from "@crossguardian/fabric-devnet";
import { type Log, toHex } from "@crossguardian/kernel";
import { decodeFabricSettings, fabricSettings, type GrpcConnection, type ChannelIdentity, makeIdentity, openBlockStream, openGrpc, seekRequest } from "@crossguardian/plugin-fabric-blocks";
import { decodeFabricBlock, fabricContract, fabricTrust, readFabricFields, verifyBlockEvents } from "@crossguardian/proof";
import { type PluginConfig } from "@crossguardian/protocol";
import { type PluginWorld } from "@crossguardian/testkit";
import { encodeMessage } from "@crossguardian/wire";
import { chainPackage, openContract, type ContractPort } from "../../src/index.ts";
import { clock } from "./clock.ts";
import { openDoor } from "./door.ts";
import { HOSTILE_MODES, type HostileMode, openHostilePeer } from "./hostile-peer.ts";

export const crypto = await makeCrypto();
const CHANNEL = "transfers";
const CHAINCODE = "emitter";
const quiet: Log = { info: () => undefined, warn: () => undefined, alarm: () => undefined };

/** A test network with a client's connection to each of its peers. */
export type TestNetwork = {
  readonly fabric: StartedFabric;
  readonly terms: Uint8Array;
  readonly genesisHash: Uint8Array;
  readonly settingsOf: (member: Member, endpoint: string) => Uint8Array;
  readonly user: Member;
  readonly contract: ContractPort;
  readonly height: () => Promise<bigint>;
  readonly stop: () => Promise<void>;
};

export const settingsFor = (fabric: StartedFabric, member: Member, endpoint: string): Uint8Array =>
  encodeMessage(fabricSettings, {
    mspId: member.mspId,
    certificatePem: member.certificate.pem,
    keyPem: member.key.export({ type: "pkcs8", format: "pem" }).toString(),
    endpoints: [{ name: endpoint, authorityPem: fabric.authorities.tls.certificatePem, serverName: "localhost" }],
    maxEntries: 64,
    maxTransactions: 4,
  });

export const trustOf = (fabric: StartedFabric, channel: string, chaincode: string): Uint8Array =>
  encodeMessage(fabricTrust, {
    channel,
    chaincode,
    organizations: fabric.authorities.organizations.map(({ mspId, authority }) => ({ mspId, authorities: [Buffer.from(authority.certificateDer, "base64")], revocations: [] })),
    endorsement: { ...fabric.config.policy, unit: "peer" },
    blocks: { threshold: 1, mspIds: ["OrdererMSP"], unit: "orderer" },
  });

/** Starts a network and a client of its first organization. */
export const startTestNetwork = async (wish: Partial<FabricOptions> & Pick<FabricOptions, "chaincodeMain">): Promise<TestNetwork> => {
  const folder = mkdtempSync(join(tmpdir(), "cg-fabric-"));
  const options = { folder, channel: CHANNEL, chaincode: CHAINCODE, mspIds: ["Org1MSP", "Org2MSP", "Org3MSP"], threshold: 2, ...wish };
  const fabric = await startFabric(options);
  const [organization] = fabric.authorities.organizations;
  if (organization === undefined) throw new Error("no organization");
  const user = openOrganization(organization.mspId, organization.authority).member("user1", "client");
  const { promise: genesis, resolve } = Promise.withResolvers<Uint8Array>();
  let connection: GrpcConnection | null = null;
  const endpoint = { name: "client", scheme: "grpcs", host: fabric.peers[0] ?? "", path: "" };
  const settings = decodeFabricSettings(settingsFor(fabric, user, "client"));
  const dial = () => connect(Number(endpoint.host.split(":")[1]), "127.0.0.1");
  const identity = makeIdentity(settings, null);
  // The genesis hash is read from the peer itself here; a real registration pins it.
  const open = openGrpc(dial, endpoint, settings);
  const first = open({
    onUp: () => {
      const stream = first.stream("/protos.Deliver/Deliver", seekGenesis(identity), (message) => {
        resolve(decodeFabricBlock(crypto, blockOf(message)).headerHash);
        stream.cancel();
      }, () => undefined);
    },
    onDown: () => undefined,
  });
  const genesisHash = await genesis;
  first.close();
  const up = Promise.withResolvers<null>();
  const blocks = openBlockStream({
    endpoints: [open], channel: options.channel, identity, sha256: crypto.sha256, genesisHash, clock, log: quiet,
    onBlock: () => up.resolve(null),
    onConnection: (next) => {
      connection = next;
    },
  });
  await up.promise;
  return {
    fabric,
    terms: trustOf(fabric, options.channel, options.chaincode),
    genesisHash,
    settingsOf: (member, name) => settingsFor(fabric, member, name),
    user,
    contract: openContract(() => connection, identity, options),
    height: async () => Promise.resolve(blocks.tip() ?? 0n),
    stop: async () => {
      blocks.stop();
      await fabric.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

const seekGenesis = (identity: ChannelIdentity): Uint8Array => seekRequest(identity, CHANNEL, 0n, BigInt(Math.floor(Date.now() / 1000)));
const blockOf = (message: Uint8Array): Uint8Array => readFabricFields(message, "answer").bytes(2);

/** The plugin suite's world on a test network whose chaincode emits what it is asked to. */
export const makeFabricWorld = async (): Promise<PluginWorld> => {
  const main = new URL("emitter-chaincode.ts", import.meta.url).pathname;
  const network = await startTestNetwork({ chaincodeMain: main, batch: { maxTransactions: 1, maxBytes: 1_000_000, timeoutMs: 20 } });
  const door = await openDoor(Number(network.fabric.peers[0]?.split(":")[1]));
  const hostile = await openHostilePeer(network.fabric.authorities);
  const contract = fabricContract(crypto.keccak256, CHANNEL, CHAINCODE);
  const config: PluginConfig = {
    chain: "testchain",
    kind: 2,
    endpoints: [{ name: "peer", scheme: "grpcs", host: `127.0.0.1:${door.port.toString()}`, path: "" }],
    numericId: 77n,
    genesisHash: network.genesisHash,
    contract,
    depth: 0,
    pollMs: 50,
    maxEntriesPerTransaction: 50,
    maxGas: 0n,
    executeGas: 0,
    settleGas: 0,
    cancelGas: 0,
    intake: "",
    terms: network.terms,
    settings: network.settingsOf(network.user, "peer"),
  };
  let index = 0n;
  let nothings = 0;
  const commit = async (name: string, args: readonly string[]): Promise<void> => {
    const outcome = await network.contract.submit(name, args);
    if (outcome.kind !== "committed") throw new Error(`${name}: ${outcome.kind} ${outcome.detail}`);
  };
  return {
    chain: config.chain,
    depth: 0,
    emit: async (count) => {
      const ids = Array.from({ length: count }, (_, at) => (index + BigInt(at)).toString());
      await commit("emitter:settled", [index.toString(), count.toString()]);
      index += BigInt(count);
      await commit("emitter:nothing", [(nothings += 1).toString()]); // a block on top, as other chains have
      return ids;
    },
    emptyBlocks: async (count) => {
      for (let at = 0; at < count; at += 25) {
        const some = Array.from({ length: Math.min(25, count - at) }, () => (nothings += 1).toString());
        await Promise.all(some.map(async (each) => commit("emitter:nothing", [each])));
      }
    },
    height: network.height,
    hostileModes: HOSTILE_MODES,
    setNode: async (mode) => {
      if (mode.startsWith("hostile-")) {
        hostile.mode = mode as HostileMode; // the modes above
        door.set(hostile.port);
      } else door.set(mode === "error" ? "cut" : (mode as "pass"));
      await Promise.resolve();
    },
    makePlugin: ({ say, log }) =>
      chainPackage.makePlugin(
        {
          endpoints: config.endpoints.map((endpoint) => ({ config: endpoint, connect: () => connect(door.port, "127.0.0.1") })),
          say,
          crypto,
          accountKey: new Uint8Array(32).fill(5),
          clock,
          log,
        },
        config,
      ),
    prove: ({ height, evidence, places }) => {
      const proven = verifyBlockEvents(crypto, { kind: 2, depth: 0, terms: network.terms }, { height, evidence, places });
      if (!proven.ok) throw new Error(proven.failure.code);
      return proven.value.emissions.map(({ emitter, event }) => {
        if (toHex(emitter) !== toHex(contract)) throw new Error("another contract");
        if (!event.ok) throw new Error(event.failure.code);
        return event.value.index.toString();
      });
    },
    stop: async () => {
      await door.stop();
      await hostile.stop();
      await network.stop();
    },
  };
};
