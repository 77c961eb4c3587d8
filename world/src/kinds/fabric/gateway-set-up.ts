import { type GatewayTerms as ChannelTerms } from "@crossguardian/contracts-fabric";
import { type Crypto } from "@crossguardian/crypto";
import { fromHex, toHex } from "@crossguardian/kernel";
import { wordOf } from "@crossguardian/protocol";

import { CONTRACT_LIMITS, type GatewayTerms } from "../../contract-drafts.ts";
import { signAscending } from "../../key-slots.ts";
import { type ChainPlan, dataOf, vaultOf } from "../../world.ts";
import { type ForeignRemote } from "../foreign-remote.ts";

/** Services of a channel: name, id on a chain, whether it moves assets. */
export const SERVICES = [["vault", vaultOf, true], ["data", dataOf, false]] as const;

/** Whether a remote has the service. */
export const hasService = (remote: ForeignRemote, name: (typeof SERVICES)[number][0]): boolean => name === "vault" || remote.data !== null;

/** What the gateway of a channel is initialised with. */
export const channelTermsOf = (plan: ChainPlan, terms: GatewayTerms): ChannelTerms => ({
  relayGenesis: terms.relayGenesis,
  chain: wordOf(plan.numericId),
  contract: plan.foreign?.contract ?? new Uint8Array(32),
  governors: terms.governors,
  governanceThreshold: terms.governanceThreshold,
  pauser: fromHex(terms.pauseAddress),
  validators: terms.validators,
  threshold: terms.threshold,
  minTimeoutMs: CONTRACT_LIMITS.minTimeoutMs,
  maxTimeoutMs: CONTRACT_LIMITS.maxTimeoutMs,
  window: CONTRACT_LIMITS.window,
  maxResultBytes: CONTRACT_LIMITS.maxResultBytes,
});

/** A governed call as text, and what stands once it is done: a registered service by its id, or an allowed pair by its keys. */
export type GovernedCall = { readonly text: string; readonly service: string | null; readonly pair: readonly [from: string, to: string] | null };

/** Everything governance calls on a channel that knows nobody yet, in its order. @param keyOf key of a service, hexadecimal */
export const governedCalls = (plan: ChainPlan, remotes: readonly ForeignRemote[], keyOf: (id: string) => string): readonly GovernedCall[] =>
  SERVICES.flatMap(([name, idOf, isAsset]) => {
    const near = idOf(plan.name);
    return [
      { text: JSON.stringify(["registerLocalService", near, name, false, isAsset]), service: near, pair: null },
      ...remotes.filter((remote) => hasService(remote, name)).flatMap((remote): readonly GovernedCall[] => {
        const far = idOf(remote.chain);
        const pairs = [[keyOf(near), keyOf(far)], [keyOf(far), keyOf(near)]] as const;
        return [
          { text: JSON.stringify(["registerRemoteService", far, toHex(remote.chainWord), toHex(remote.contractWord)]), service: far, pair: null },
          ...pairs.map((pair) => ({ text: JSON.stringify(["allowPair", ...pair]), service: null, pair })),
        ];
      }),
    ];
  });

/** Arguments of `gateway:governed`. */
export const governedArguments = (crypto: Crypto, digest: Uint8Array, governorKeys: readonly Uint8Array[], calls: readonly string[]): readonly string[] =>
  [JSON.stringify(calls), JSON.stringify(signAscending(crypto, digest, governorKeys).map((each) => toHex(each)))];
