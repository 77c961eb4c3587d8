import { fromHex, to0x } from "@crossguardian/kernel";
import { LEDGER_EVENT, ledgerEvent, type LedgerEvent } from "@crossguardian/proof";
import { decodeMessage } from "@crossguardian/wire";
import { type Hex } from "viem";

import { type TransferEvent } from "../../oracle/chain-facts.ts";
import { type ChainAccess, type ChainSender } from "../chain-access.ts";
import { type ForeignKind } from "../foreign-chain.ts";
import { vaultOf } from "../../world.ts";

const AMOUNT = 50_000n;
const DEADLINE_MS = 10_000;
const SUCCESS = 3;
const NOBODY: Hex = `0x${"00".repeat(20)}`;
const NAME_OF = { [LEDGER_EVENT.request]: "Request", [LEDGER_EVENT.receipt]: "Receipt", [LEDGER_EVENT.settled]: "Settled" } as const;

/** Opens a development ledger to users and the oracle: everything is read out of its blocks, but for what its vault holds. */
export const openLedger: ForeignKind["open"] = ({ plan, users }): ChainAccess => {
  const ask = async (path: string, body?: Readonly<Record<string, string>>): Promise<Record<string, unknown>> => {
    const answer = await fetch(new URL(path, plan.url), { signal: AbortSignal.timeout(DEADLINE_MS), ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }) });
    return (await answer.json()) as Record<string, unknown>; // a development chain of our own
  };
  const head = async (): Promise<bigint> => BigInt(Number((await ask("tip"))["height"]));
  const blockEvents = async (height: bigint): Promise<readonly LedgerEvent[]> => {
    const { events } = (await ask(`blocks/${height.toString()}`)) as { readonly events: readonly string[] }; // the same
    return events.flatMap((each) => {
      const event = decodeMessage(ledgerEvent, fromHex(each));
      return event.ok ? [event.value] : [];
    });
  };
  const between = async (from: bigint, to: bigint): Promise<readonly TransferEvent[]> => {
    const all: TransferEvent[] = [];
    for (let block = from; block <= to; block += 1n) {
      for (const { type, fromKey, toKey, index, status, timeoutMs, requestHash } of await blockEvents(block)) {
        all.push({ event: NAME_OF[type], from: to0x(fromKey), to: to0x(toKey), index, status, timeoutMs, block, transaction: to0x(requestHash), seenAtMs: Date.now() });
      }
    }
    return all;
  };
  const sender = (): ChainSender => {
    const [receiver] = users;
    const lock = async (to: string, who: Hex, timeoutMs: bigint): Promise<string> => {
      const { id } = await ask("lock", { peer: vaultOf(to), amount: AMOUNT.toString(), receiver: who.slice(2), timeoutMs: timeoutMs.toString() });
      return `0x${String(id)}`;
    };
    return {
      asset: async (to, timeoutMs) => lock(to, receiver?.address ?? NOBODY, timeoutMs),
      refusedAsset: async (to, timeoutMs) => lock(to, NOBODY, timeoutMs),
      data: null,
    };
  };
  return {
    name: plan.name,
    kind: "ledger",
    head,
    events: between,
    effects: async (from, to) => (await between(from, to)).filter(({ event, status }) => event === "Receipt" && status === SUCCESS).map(({ from: source, index }) => ({ from: source, index })),
    supply: async (peer) => ({ locked: BigInt(String((await ask(`locked/${encodeURIComponent(vaultOf(peer))}`))["locked"])), circulating: 0n }),
    sender,
  };
};
