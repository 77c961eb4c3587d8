import { type AptResult, aptResultOf, runApt } from "./run-apt.ts";
import { type AttackRun } from "./run-attack.ts";
import { type DosResult, dosResultOf, runDos } from "./run-dos.ts";
import { ATTACKED_DOMAIN } from "./attacked-world.ts";
import { type Moment, type Plot } from "./draw-timeline.ts";
import { type ExperimentOptions } from "./experiment-options.ts";
import { writeFigures } from "./write-figures.ts";

const SHOWN_MS = 10_000;
const SHOWN_DOMAINS = [ATTACKED_DOMAIN, "plugin-b", "interaction", "relay"];

const momentsOf = ({ beganMs, endedMs, marks, observed }: AttackRun): readonly Moment[] => [
  { atMs: beganMs, says: "attack" },
  ...[...marks].filter(([, atMs]) => atMs > beganMs).map(([says, atMs]) => ({ atMs, says })),
  ...observed.responses.filter(({ outcome, domain, atMs }) => outcome === "ordered" && domain === ATTACKED_DOMAIN && atMs <= endedMs).map(({ atMs, step }) => ({ atMs, says: step })),
];

const plotOf = (title: string, run: AttackRun): Plot => ({
  title,
  points: run.observed.timeline,
  domains: [...SHOWN_DOMAINS, ...new Set(run.observed.timeline.map(({ domain }) => domain).filter((domain) => domain.startsWith(`${ATTACKED_DOMAIN}-`)))],
  fromMs: run.beganMs - SHOWN_MS,
  toMs: run.endedMs + SHOWN_MS,
  moments: momentsOf(run),
});

/** One run of the flood; its figures go into `folder`. */
export const measureDos = async (options: ExperimentOptions, folder: string | null, name: string): Promise<DosResult> => {
  const run = await runDos(options);
  if (folder !== null) for (const path of await writeFigures(folder, name, plotOf("Dom1 under a flood (paper, Figure 10)", run))) options.write(`  ${path}\n`);
  return dosResultOf(run);
};

/** One run of the advanced persistent threat; its figures go into `folder`. */
export const measureApt = async (options: ExperimentOptions, folder: string | null, name: string): Promise<AptResult> => {
  const run = await runApt(options);
  if (folder !== null) for (const path of await writeFigures(folder, name, plotOf("Dom1 with a compromised module (paper, Figure 11)", run))) options.write(`  ${path}\n`);
  return aptResultOf(run);
};
