/** What a domain may owe; the last part of the gauges `owed.<domain>.<duty>`, `waits.<duty>` and `still.<duty>`. */
export type Duty = "scan" | "answer" | "headers" | "publish" | "submit" | "check" | "tick";

/** Gauges of a pulse by name, in ms or as a count. Untrusted: a domain may say what it likes of itself. */
export type Gauges = ReadonlyMap<string, number>;

/** A domain as far as its progress is judged. `gauges` null: there is no fresh pulse of it. */
export type Judged = { readonly name: string; readonly kind: string; readonly gauges: Gauges | null };

/** That a domain owes something, since when and who says so; `excused`: it says that something outside keeps it. */
export type Evidence = { readonly duty: Duty; readonly by: string; readonly owedMs: number; readonly excused: boolean };

/**
 * Whose word about which kind counts. A plugin or witness speaks of nobody else, and the domains of the relay chain's house
 * speak of themselves alone, so none of them can have another one restarted.
 */
const NEIGHBOURS: readonly { readonly by: string; readonly kind: string; readonly duties: readonly Duty[] }[] = [
  { by: "interaction", kind: "plugin", duties: ["scan", "answer"] },
  { by: "interaction", kind: "module", duties: ["answer"] },
  { by: "interaction", kind: "witness", duties: ["headers"] },
  { by: "interaction", kind: "relay", duties: ["publish"] },
];

/** What a domain's own pulse may say against it. */
const OWN: ReadonlyMap<string, readonly Duty[]> = new Map<string, readonly Duty[]>([
  ["plugin", ["submit"]],
  ["module", ["submit"]],
  ["interaction", ["tick"]],
  ["relay", ["tick"]],
  ["orderer", ["tick"]],
  ["validator", ["check"]],
]);

/** Everything that the house's pulses say against one domain. Without a fresh pulse of its own it is silent, which is judged elsewhere. */
export const evidenceAgainst = (judged: Judged, house: readonly Judged[]): readonly Evidence[] => {
  const { name, kind, gauges } = judged;
  if (gauges === null) return [];
  const excused = (duty: Duty): boolean => (gauges.get(`waits.${duty}`) ?? 0) > 0;
  const said = NEIGHBOURS.filter((line) => line.kind === kind).flatMap(({ by, duties }) =>
    house.filter((neighbour) => neighbour.kind === by).flatMap((neighbour) =>
      duties.flatMap((duty) => {
        const owedMs = neighbour.gauges?.get(`owed.${name}.${duty}`);
        return owedMs === undefined ? [] : [{ duty, by: neighbour.name, owedMs, excused: excused(duty) }];
      }),
    ),
  );
  const own = (OWN.get(kind) ?? []).flatMap((duty) => {
    const owedMs = gauges.get(`still.${duty}`);
    return owedMs === undefined || owedMs === 0 ? [] : [{ duty, by: name, owedMs, excused: excused(duty) }];
  });
  return [...said, ...own];
};
