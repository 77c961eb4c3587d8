import { readFileSync } from "node:fs";

import { type Crypto } from "@crossguardian/crypto";
import { CodedError, toHex } from "@crossguardian/kernel";
import { channelOf, decodeFabricSettings } from "@crossguardian/plugin-fabric-blocks";
import { type Hashes } from "@crossguardian/protocol";

import { type TransferEvent } from "../../../oracle/chain-facts.ts";
import { type ChainPlan, vaultOf } from "../../../world.ts";
import { openFabricClient } from "../fabric-client.ts";
import { decodeFabricUsers } from "../fabric-places.ts";
import { openFabricReader } from "../fabric-reader.ts";
import { openAs } from "./deploy-network.ts";
import { type FabricNetwork, type IdentityFiles } from "./fabric-network.ts";
import { readIdentity } from "./read-identity.ts";

const NOTHING = new Uint8Array(0);
const DEADLINE_MS = 60_000;
const POLL_MS = 100;

/** Organization of the gateway's identities on a planned channel. */
const mspIdOf = ({ foreign }: ChainPlan): string => decodeFabricSettings(foreign?.pluginSettings ?? NOTHING).mspId;

/** Account of a member, 20 bytes: where tokens for whoever has this certificate go. @throws config.fabric.file */
export const accountOfMember = async (crypto: Pick<Crypto, "keccak256">, plan: ChainPlan, certificate: string): Promise<`0x${string}`> => {
  const { accountOfCertificate } = await import("@crossguardian/contracts-fabric");
  try {
    return `0x${toHex(accountOfCertificate(crypto.keccak256, mspIdOf(plan), new Uint8Array(readFileSync(certificate))))}`;
  } catch (cause) {
    throw new CodedError("config.fabric.file", { field: "--certificate", path: certificate, wanted: "a certificate, PEM" }, { cause });
  }
};

/** Makes home tokens, for demonstrations; only who deployed may. @throws config.fabric.*, fabric.submit.refused */
export const mintHome = async (plan: ChainPlan, network: FabricNetwork, to: string, amount: bigint): Promise<string> =>
  openAs(plan, network, network.deployer, "deployer").submit("vault:mintHome", [to.slice(2), amount.toString()]);

/** Locks home tokens of a member for a receiver on another chain, and finds the request in its block. @throws config.fabric.*, fabric.submit.refused, cli.transaction.missing */
export const lockAsMember = async (
  powers: { readonly crypto: Crypto; readonly hashes: Hashes },
  plan: ChainPlan,
  order: { readonly to: string; readonly receiver: string; readonly amount: bigint; readonly timeoutMs: bigint; readonly files: IdentityFiles },
): Promise<TransferEvent> => {
  const place = channelOf(plan.foreign?.terms ?? NOTHING);
  const member = readIdentity("transfer", order.files, mspIdOf(plan), () => true, Date.now());
  const client = openFabricClient({ ...decodeFabricUsers(plan.foreign?.userSettings), members: [member] }, 0, place);
  const first = (await openFabricReader(powers.crypto, client, place).tip()) + 1n;
  const to = toHex(powers.hashes.serviceKey(vaultOf(order.to)));
  const transaction = `0x${await client.submit("vault:lock", [to, order.receiver.slice(2), order.amount.toString(), order.timeoutMs.toString()])}`;
  const reader = openFabricReader(powers.crypto, client, place, first);
  const until = performance.now() + DEADLINE_MS;
  for (;;) {
    const found = (await reader.between("events", first, await reader.head())).find((each) => each.event === "Request" && each.transaction === transaction);
    if (found !== undefined) return found;
    if (performance.now() > until) throw new CodedError("cli.transaction.missing", { hash: transaction, waitedMs: DEADLINE_MS });
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
};
