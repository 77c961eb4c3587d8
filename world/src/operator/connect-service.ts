import { CodedError, chainOf, parseServiceId } from "@crossguardian/kernel";
import { type Hex } from "viem";

import { localServiceCall, pairCalls, type Remote, remoteServiceCall } from "../contract-drafts.ts";
import { governedDraft } from "../deploy-contracts.ts";
import { makeRpc } from "../rpc.ts";
import { type SavedWorld } from "../saved-world.ts";
import { openChainAccount } from "./chain-account.ts";
import { makeContractReader } from "./contract-reader.ts";
import { type OperatorPowers } from "./plan-world.ts";
import { type NewService } from "./register-world.ts";

type Place = { readonly name: string; readonly url: string; readonly numericId: number; readonly gateway: Hex };

const placeOf = (saved: SavedWorld, chain: string): Place => {
  const plan = saved.chains.find(({ name }) => name === chain);
  const deployment = saved.deployments.get(chain);
  if (plan === undefined) throw new CodedError("cli.argument.bad", { chain, chains: saved.chains.map(({ name }) => name).join(" ") });
  if (deployment === undefined) throw new CodedError("cli.deploy.missing", { chains: chain });
  return { name: chain, url: plan.url, numericId: plan.numericId, gateway: deployment.gateway };
};

/** Refuses a service whose chain is unknown or whose address has no code. @throws cli.argument.bad, cli.service.absent, kernel.id.malformed */
export const checkService = async (powers: OperatorPowers, saved: SavedWorld, service: NewService): Promise<void> => {
  const place = placeOf(saved, chainOf(parseServiceId(service.id)));
  const reader = makeContractReader(makeRpc(place.url), powers.hashes);
  if (!(await reader.hasCode(service.address as Hex))) throw new CodedError("cli.service.absent", { service: service.id, address: service.address }); // hex was checked by its reader
};

/**
 * Makes a service known to the gateway contract of its chain, and lets it and the services of other chains address each other:
 * one governed transaction per chain, sent by `privateKey`. Returns what was sent. Errors: cli.argument.bad, cli.rpc.failed, cli.transaction.*
 */
export const connectService = async (
  powers: OperatorPowers,
  saved: SavedWorld,
  work: { readonly service: NewService; readonly partners: readonly string[]; readonly governorKeys: readonly Uint8Array[]; readonly privateKey: Hex },
): Promise<readonly { readonly chain: string; readonly transaction: Hex }[]> => {
  const { service, partners } = work;
  const home = placeOf(saved, chainOf(parseServiceId(service.id)));
  const far = partners.map((id) => ({ id, place: placeOf(saved, chainOf(parseServiceId(id))) }));
  const asRemote = (place: Place): Remote => ({ chain: place.name, numericId: place.numericId, deployment: { gateway: place.gateway } });
  const send = async (place: Place, calls: readonly Hex[]): Promise<{ readonly chain: string; readonly transaction: Hex }> => {
    const account = openChainAccount(place, work.privateKey);
    const nonce = await makeContractReader(account.rpc, powers.hashes).governanceNonce(place.gateway);
    const receipt = await account.run(governedDraft(powers.crypto, place.gateway, place.numericId, nonce, calls, work.governorKeys));
    return { chain: place.name, transaction: receipt.transactionHash };
  };
  const done = [
    await send(home, [
      localServiceCall(service.id, service.address as Hex, service.ordered, service.asset), // hex was checked by its reader
      ...far.flatMap(({ id, place }) => [remoteServiceCall(id, asRemote(place)), ...pairCalls(powers.hashes, service.id, id)]),
    ]),
  ];
  for (const { id, place } of far) {
    done.push(await send(place, [remoteServiceCall(service.id, asRemote(home)), ...pairCalls(powers.hashes, id, service.id)]));
  }
  return done;
};
