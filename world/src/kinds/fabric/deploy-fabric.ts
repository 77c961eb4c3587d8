import { toHex, utf8 } from "@crossguardian/kernel";
import { encodeMessage } from "@crossguardian/wire";

import { type ChainPlan } from "../../world.ts";
import { type ForeignOrder } from "../foreign-chain.ts";
import { type ForeignRemote } from "../foreign-remote.ts";
import { openFabricClient } from "./fabric-client.ts";
import { CHAINCODE, channelNameOf, decodeFabricUsers } from "./fabric-places.ts";
import { channelTermsOf, governedArguments, governedCalls, hasService, SERVICES } from "./gateway-set-up.ts";

const HOLDER_TOKENS = 10n ** 24n;
const RECORDS = { weather: "21 C, clear", price: "1024.50" } as const;

/** Makes the gateway of a channel, registers the remotes by governance, and gives users tokens. */
export const deployFabric = async (order: ForeignOrder, plan: ChainPlan, remotes: readonly ForeignRemote[]): Promise<void> => {
  const { accountOfCertificate, chaincodePowers, governedDigest, termsCodec } = await import("@crossguardian/contracts-fabric");
  const { powers, terms } = order;
  const { crypto, hashes } = powers;
  const users = decodeFabricUsers(plan.foreign?.userSettings);
  const client = openFabricClient(users, 0, { channel: channelNameOf(plan.name), chaincode: CHAINCODE });
  const gateway = channelTermsOf(plan, { ...terms, governors: terms.governorKeys.map((key) => crypto.secp256k1.address(key)) });
  await client.submit("gateway:initialise", [toHex(encodeMessage(termsCodec, gateway))]);
  const keyOf = (id: string): string => toHex(hashes.serviceKey(id));
  const calls = governedCalls(plan, remotes, keyOf).map(({ text }) => text);
  const digest = governedDigest({ powers: chaincodePowers, terms: gateway }, 0n, calls);
  await client.submit("gateway:governed", governedArguments(crypto, digest, terms.governorKeys.slice(0, terms.governanceThreshold), calls));
  const accounts = users.members.map(({ mspId, certificatePem }) => accountOfCertificate(crypto.keccak256, mspId, utf8(certificatePem)));
  await Promise.all([
    ...SERVICES.flatMap(([name, idOf]) =>
      remotes.filter((remote) => hasService(remote, name)).map(async (remote) => client.submit(`${name}:listPeer`, [keyOf(idOf(remote.chain))]))),
    ...Object.entries(RECORDS).map(async ([key, value]) => client.submit("data:set", [toHex(utf8(key)), toHex(utf8(value))])),
    ...accounts.map(async (account) => client.submit("vault:mintHome", [toHex(account), HOLDER_TOKENS.toString()])),
  ]);
};
