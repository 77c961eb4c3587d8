import { type Clock } from "@crossguardian/kernel";
import { type House } from "./house.ts";

/** Open entries of one stage and how long the oldest has been in it, in ms. */
export type StageLoad = { readonly open: number; readonly oldestMs: number };

/** Open entries by side and stage. */
export const loadByStage = ({ outbound, inbound }: Pick<House, "outbound" | "inbound">, clock: Pick<Clock, "monotonicMs">): Readonly<Record<string, StageLoad>> => {
  const now = clock.monotonicMs();
  const loads: Record<string, { open: number; oldestMs: number }> = {};
  const count = (name: string, sinceMs: number): void => {
    const load = (loads[name] ??= { open: 0, oldestMs: 0 });
    load.open += 1;
    load.oldestMs = Math.max(load.oldestMs, Math.trunc(now - sinceMs));
  };
  for (const { event, stage, sinceMs } of outbound.all()) count(`${event.type}.${stage}`, sinceMs);
  for (const { call, stage, sinceMs } of inbound.all()) count(`${call}.${stage}`, sinceMs);
  return loads;
};

const sumOf = <T>(all: Iterable<T>, count: (each: T) => number): number => [...all].reduce((sum, each) => sum + count(each), 0);

/** Answer to "status". */
export const statusOf = (house: House, clock: Pick<Clock, "monotonicMs">): unknown => ({
  chains: [...house.rooms.values()].map(({ name, watch, submitters }) => ({
    chain: name,
    cursor: watch.cursor(),
    backlogBlocks: watch.backlogBlocks(),
    quorumHeight: watch.quorum.highest(),
    tip: watch.tip(),
    caughtUp: watch.caughtUp(),
    frozen: watch.frozen()?.code ?? "",
    witnesses: Object.fromEntries(watch.quorum.witnesses()),
    stillMs: watch.stillMs(),
    heldBack: !watch.canTake(),
    open: house.outbound.count(name),
    queued: sumOf(submitters.all, (each) => each.queued()),
    submitted: sumOf(submitters.all, (each) => each.submitted()),
    sharing: submitters.shares(),
  })),
  relay: { nextHeight: house.inbound.position(), unansweredBatches: house.publisher.onTheirWay(), waiting: house.publisher.waiting() },
  registry: { nonce: house.registry().nonce, epoch: house.registry().validators.epoch },
  stages: loadByStage(house, clock),
  privateBodies: house.bodies.count(),
});

/** Answer to "trace": the steps of one transfer as this gateway saw them, and where it stands. */
export const traceOf = ({ traces, outbound, inbound }: House, id: string): unknown => {
  const open = [...inbound.all()].filter((each) => each.id === id).map(({ call, stage }) => `${call}.${stage}`);
  for (const type of ["request", "receipt"] as const) {
    const entry = outbound.find(type, id);
    if (entry !== null) open.push(`${type}.${entry.stage}`);
  }
  return { id, steps: traces.of(id) ?? [], open };
};
