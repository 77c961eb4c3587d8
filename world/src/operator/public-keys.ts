import { X509Certificate } from "node:crypto";
import { join } from "node:path";

import { to0x, toHex } from "@crossguardian/kernel";
import { decodeFabricSettings } from "@crossguardian/plugin-fabric-blocks";
import { type Hex } from "viem";

import { accountAddress, gatewayPublics, openKeySlots } from "../key-slots.ts";
import { pauseKeyOf } from "../open-world.ts";
import { makeRpc } from "../rpc.ts";
import { type SavedWorld } from "../saved-world.ts";
import { type ChainPlan, kindOfPlan, pluginsOf, type Topology } from "../world.ts";
import { genesisOf, type OperatorPowers } from "./plan-world.ts";

/** Public parts of a world's keys. */
export type PublicKeys = {
  readonly instance: string;
  readonly gateways: readonly { readonly name: string; readonly address: Hex; readonly boxKey: string }[];
  /** Accounts that pay for transactions on the chains; `balanceWei` is null when the chain does not answer. */
  readonly accounts: readonly { readonly gateway: string; readonly chain: string; readonly domain: string; readonly address: Hex; readonly balanceWei: string | null }[];
  /** Certificates with which plugins speak on Fabric channels. */
  readonly members: readonly { readonly gateway: string; readonly chain: string; readonly domain: string; readonly mspId: string; readonly validTo: string }[];
  readonly validators: { readonly threshold: number; readonly addresses: readonly Hex[] };
  readonly governors: { readonly threshold: number; readonly addresses: readonly Hex[]; readonly keysHere: number };
  /** Null when its file was moved away. */
  readonly pauseKey: Hex | null;
};

const membersOf = (topology: Topology, chain: ChainPlan): PublicKeys["members"] => {
  const { foreign, name, gateway } = chain;
  if (foreign === undefined || kindOfPlan(chain) !== "fabric") return [];
  const settings = [foreign.pluginSettings, foreign.standbySettings ?? foreign.pluginSettings];
  return pluginsOf(topology, name).map((domain, at) => {
    const { mspId, certificatePem } = decodeFabricSettings(settings[at] ?? foreign.pluginSettings);
    return { gateway, chain: name, domain, mspId, validTo: new X509Certificate(certificatePem).validToDate.toISOString() };
  });
};

/** Reads the public parts; no slot is made and no key leaves this function. @throws cli.world.damaged */
export const publicKeysOf = async (powers: OperatorPowers, saved: SavedWorld, dataDir: string): Promise<PublicKeys> => {
  const slots = openKeySlots(join(dataDir, "keys"));
  const genesis = genesisOf(saved);
  const accounts = await Promise.all(
    saved.chains
      .filter((chain) => kindOfPlan(chain) === "evm")
      .flatMap((chain) => pluginsOf(saved.topology, chain.name).map((domain) => ({ ...chain, domain })))
      .filter(({ domain }) => slots.has(domain))
      .map(async ({ name, gateway, url, domain }) => {
        const address = to0x(accountAddress(powers.crypto, slots, domain, name));
        const balance = await makeRpc(url).call<Hex>("eth_getBalance", [address, "latest"]).then((hex) => BigInt(hex).toString(), () => null);
        return { gateway, chain: name, domain, address, balanceWei: balance };
      }),
  );
  return {
    instance: saved.instance,
    gateways: saved.topology.gateways
      .filter(({ name }) => slots.has(`interaction-${name}`))
      .map(({ name }) => {
        const { address, boxKey } = gatewayPublics(powers.crypto, slots, `interaction-${name}`);
        return { name, address: to0x(address), boxKey: toHex(boxKey) };
      }),
    accounts,
    members: saved.chains.flatMap((chain) => membersOf(saved.topology, chain)),
    validators: { threshold: genesis.validators.threshold, addresses: genesis.validators.validators.map((each) => to0x(each)) },
    governors: {
      threshold: genesis.governanceThreshold,
      addresses: genesis.governors.map((each) => to0x(each)),
      keysHere: genesis.governors.filter((_, at) => slots.has(`governor-${at + 1}`)).length,
    },
    pauseKey: slots.has("pause") ? to0x(powers.crypto.secp256k1.address(pauseKeyOf(powers.crypto, slots))) : null,
  };
};
