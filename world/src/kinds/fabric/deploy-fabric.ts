import { toHex, fromHex, utf8 } from "@crossguardian/kernel";
import { wordOf } from "@crossguardian/protocol";
import { encodeMessage } from "@crossguardian/wire";

import { CONTRACT_LIMITS } from "../../contract-drafts.ts";
import { signAscending } from "../../key-slots.ts";
import { type ChainPlan, dataOf, vaultOf } from "../../world.ts";
import { type ForeignOrder } from "../foreign-chain.ts";
import { type ForeignRemote } from "../foreign-remote.ts";
import { openFabricClient } from "./fabric-client.ts";
import { CHAINCODE, channelNameOf, decodeFabricUsers } from "./fabric-places.ts";

const HOLDER_TOKENS = 10n ** 24n;
const RECORDS = { weather: "21 C, clear", price: "1024.50" } as const;
const SERVICES = [["vault", vaultOf, true], ["data", dataOf, false]] as const;

/** Makes the gateway of a channel, registers the remotes by governance, and gives users tokens. */
export const deployFabric = async (order: ForeignOrder, plan: ChainPlan, remotes: readonly ForeignRemote[]): Promise<void> => {
  const { accountOfCertificate, chaincodePowers, governedDigest, termsCodec } = await import("@crossguardian/contracts-fabric");
  const { powers, terms } = order;
  const { crypto, hashes } = powers;
  const users = decodeFabricUsers(plan.foreign?.userSettings);
  const client = openFabricClient(users, 0, { channel: channelNameOf(plan.name), chaincode: CHAINCODE });
  const gateway = {
    relayGenesis: terms.relayGenesis,
    chain: wordOf(plan.numericId),
    contract: plan.foreign?.contract ?? new Uint8Array(32),
    governors: terms.governorKeys.map((key) => crypto.secp256k1.address(key)),
    governanceThreshold: terms.governanceThreshold,
    pauser: fromHex(terms.pauseAddress),
    validators: terms.validators,
    threshold: terms.threshold,
    minTimeoutMs: CONTRACT_LIMITS.minTimeoutMs,
    maxTimeoutMs: CONTRACT_LIMITS.maxTimeoutMs,
    window: CONTRACT_LIMITS.window,
    maxResultBytes: CONTRACT_LIMITS.maxResultBytes,
  };
  await client.submit("gateway:initialise", [toHex(encodeMessage(termsCodec, gateway))]);
  const keyOf = (id: string): string => toHex(hashes.serviceKey(id));
  const calls: string[] = [];
  for (const [name, idOf, isAsset] of SERVICES) {
    const near = idOf(plan.name);
    calls.push(JSON.stringify(["registerLocalService", near, name, false, isAsset]));
    for (const remote of remotes) {
      if (name === "data" && remote.data === null) continue;
      const far = idOf(remote.chain);
      calls.push(JSON.stringify(["registerRemoteService", far, toHex(remote.chainWord), toHex(remote.contractWord)]));
      calls.push(JSON.stringify(["allowPair", keyOf(near), keyOf(far)]), JSON.stringify(["allowPair", keyOf(far), keyOf(near)]));
    }
  }
  const digest = governedDigest({ powers: chaincodePowers, terms: gateway }, 0n, calls);
  const signatures = signAscending(crypto, digest, terms.governorKeys.slice(0, terms.governanceThreshold)).map((each) => toHex(each));
  await client.submit("gateway:governed", [JSON.stringify(calls), JSON.stringify(signatures)]);
  const accounts = users.members.map(({ mspId, certificatePem }) => accountOfCertificate(crypto.keccak256, mspId, utf8(certificatePem)));
  await Promise.all([
    ...remotes.map(async (remote) => client.submit("vault:listPeer", [keyOf(vaultOf(remote.chain))])),
    ...remotes.filter(({ data }) => data !== null).map(async (remote) => client.submit("data:listPeer", [keyOf(dataOf(remote.chain))])),
    ...Object.entries(RECORDS).map(async ([key, value]) => client.submit("data:set", [toHex(utf8(key)), toHex(utf8(value))])),
    ...accounts.map(async (account) => client.submit("vault:mintHome", [toHex(account), HOLDER_TOKENS.toString()])),
  ]);
};
