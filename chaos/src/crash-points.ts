import { ENTRY_KIND } from "@crossguardian/wire";
import { type Hex } from "viem";

import { type Field, houseOf } from "./field.ts";
import { chosen } from "./faults/fault.ts";
import { keyOfFacts, servicesOf } from "./oracle/read-history.ts";
import { type Victim } from "./roster.ts";
import { type CrashPoint } from "./schedule/step.ts";
import { type ChainWatch } from "./watch/chain-watch.ts";
import { type SeenEvent } from "./watch/seen-event.ts";
import { type RelayWatch } from "./watch/relay-watch.ts";

/** What sees the moments. */
export type Eyes = { readonly chains: ChainWatch; readonly relay: RelayWatch };

/** The moment came for this transfer. */
export type Moment = { readonly key: string; readonly from: Hex; readonly to: Hex };

const ASK_MS = 15;
const CANDIDATES = 3;

type Side = "from" | "to";
type StagePoint = { readonly stage: string; readonly side: Side; readonly isDecided: boolean };

/** Where each point is seen: an event on a chain, an entry of the relay chain, or a step in a gateway's trace. */
const SEEN: Readonly<Record<CrashPoint, { readonly event: SeenEvent["name"] } | { readonly entry: number } | StagePoint>> = {
  requested: { event: "Request" },
  observed: { stage: "observed", side: "from", isDecided: false },
  verified: { stage: "verified", side: "from", isDecided: false },
  published: { stage: "published", side: "from", isDecided: false },
  ordered: { entry: ENTRY_KIND.request },
  received: { stage: "received", side: "to", isDecided: false },
  decided: { event: "Receipt" },
  receiptOrdered: { entry: ENTRY_KIND.receipt },
  receiptReceived: { stage: "receiptReceived", side: "from", isDecided: true },
  settled: { event: "Settled" },
};

/** Kinds of processes that hold the transfer at the moment, and on which side. */
const HOLDERS: Readonly<Record<CrashPoint, readonly (readonly [kind: Victim["kind"], side: Side])[]>> = {
  requested: [["plugin", "from"], ["witness", "from"]],
  observed: [["plugin", "from"], ["interaction", "from"]],
  verified: [["interaction", "from"]],
  published: [["relay", "from"], ["interaction", "from"], ["switch", "from"]],
  ordered: [["orderer", "from"], ["validator", "from"]],
  received: [["interaction", "to"], ["relay", "to"], ["plugin", "to"]],
  decided: [["plugin", "to"], ["witness", "to"], ["interaction", "to"]],
  receiptOrdered: [["orderer", "to"], ["validator", "to"]],
  receiptReceived: [["interaction", "from"], ["relay", "from"], ["plugin", "from"]],
  settled: [["plugin", "from"], ["interaction", "from"]],
};

/** Follows a few transfers that have not come to the stage yet, until one does. */
const askFor = async (field: Field, point: StagePoint, eyes: Eyes, deadlineMs: number): Promise<Moment | null> => {
  const services = servicesOf(field.world);
  const before = new Set<string>();
  const passed = new Set<string>();
  const hasStage = async (request: SeenEvent): Promise<boolean | null> => {
    const [from, to] = [services.get(request.from), services.get(request.to)];
    const house = field.world.chains.get((point.side === "from" ? from : to)?.chain ?? "")?.gateway ?? "";
    const id = `${from?.id ?? ""}-${to?.id ?? ""}-${request.index.toString()}`;
    const answer = await houseOf(field, house).ask("interaction", "trace", id).catch(() => null);
    const { steps } = (answer ?? {}) as { readonly steps?: readonly { readonly stage: string }[] };
    return steps === undefined ? null : steps.some(({ stage }) => stage === point.stage);
  };
  const until = performance.now() + deadlineMs;
  while (performance.now() < until) {
    const open = eyes.chains.open().filter(({ request, isDecided }) => isDecided === point.isDecided && !passed.has(request.key));
    const followed = open.filter(({ request }) => before.has(request.key)).slice(0, CANDIDATES);
    const fresh = open.filter(({ request }) => !before.has(request.key)).slice(followed.length - CANDIDATES);
    const looks = [...followed, ...(followed.length < CANDIDATES ? fresh : [])];
    const seen = await Promise.all(looks.map(async ({ request }) => ({ request, has: await hasStage(request) })));
    for (const { request, has } of seen) {
      if (has === true && before.has(request.key)) return { key: request.key, from: request.from, to: request.to };
      if (has === true) passed.add(request.key);
      if (has === false) before.add(request.key);
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_MS));
  }
  return null;
};

/** Waits until some transfer comes to a crash point; null when none does in time. */
export const awaitMoment = async (field: Field, point: CrashPoint, eyes: Eyes, deadlineMs: number): Promise<Moment | null> => {
  const seen = SEEN[point];
  if ("stage" in seen) return askFor(field, seen, eyes, deadlineMs);
  return new Promise((resolve) => {
    const done = (moment: Moment | null): void => {
      stopListening();
      clearTimeout(late);
      resolve(moment);
    };
    const late = setTimeout(() => {
      done(null);
    }, deadlineMs);
    const stopListening =
      "event" in seen
        ? eyes.chains.onEvent((event) => {
            if (event.name === seen.event) done(event);
          })
        : eyes.relay.onEntry(({ facts }) => {
            if (facts.kind !== seen.entry) return;
            const key = keyOfFacts(field.world, facts);
            const [from, to] = key.split("-") as [Hex, Hex]; // a transfer's key is from-to-index
            done({ key, from, to });
          });
  });
};

/** The process that a crash point kills, out of those that hold the transfer then. */
export const victimAt = (field: Field, roster: readonly Victim[], point: CrashPoint, { from, to }: Moment, choice: number): Victim => {
  const services = servicesOf(field.world);
  const [kind, side] = chosen(HOLDERS[point], choice);
  const chain = services.get(side === "from" ? from : to)?.chain ?? "";
  const house = field.world.chains.get(chain)?.gateway ?? "";
  const fitting = roster.filter((each) => each.kind === kind && (each.chain === null ? each.house === house || each.house === "relay" : each.chain === chain));
  const near = fitting.filter((each) => each.house === house);
  return chosen(near.length > 0 ? near : fitting, (choice * 31) % 1);
};
