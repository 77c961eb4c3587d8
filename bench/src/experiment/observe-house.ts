import { type House } from "@crossguardian/world";

/** One point of a domain's history, on the wall clock. */
export type TimelinePoint = { readonly atMs: number; readonly domain: string; readonly cpuPercent: number; readonly memoryBytes: number; readonly framesInPerS: number; readonly queuedBytes: number; readonly workBytesPerS: number };
/** What a domain let through to another in all, as the switch counted it last. */
export type FlowCount = { readonly atMs: number; readonly from: string; readonly to: string; readonly epoch: string; readonly frames: number };
/** A line of the record of responses. */
export type Response = { readonly atMs: number; readonly domain: string; readonly epoch: string; readonly step: string; readonly outcome: string; readonly tookMs: number | null; readonly says: string; readonly by: string; readonly facts: Readonly<Record<string, unknown>> };

type Watch = {
  readonly atMs: number;
  readonly wallMs: number;
  readonly domains: readonly { readonly name: string; readonly epoch: string; readonly phase: string; readonly refusals: Readonly<Record<string, string>> }[];
  readonly flows: readonly { readonly from: string; readonly to: string; readonly frames: number }[];
  readonly suspicions: Readonly<Record<string, number>>;
};
type History = { readonly nowMs: number; readonly wallMs: number; readonly atMs: readonly number[]; readonly values: readonly (readonly number[])[] };

const METRICS = ["cpuPercent", "memoryBytes", "framesInPerS", "queuedBytes", "workBytesPerS"];
const POLL_MS = 100;
const FORBIDDEN = ["switch.flow.denied", "switch.chain.foreign", "switch.message.malformed"];
const KEEP_MS = 30_000;

/** What management of one house saw while an experiment ran. */
export type Observer = {
  /** Ends the polling and gives what was seen. */
  readonly end: () => Promise<Observed>;
  /** Ends the polling of an experiment that ended early. */
  readonly stop: () => void;
};
/** See {@link Observer}. */
export type Observed = {
  readonly timeline: readonly TimelinePoint[];
  readonly flows: readonly FlowCount[];
  readonly responses: readonly Response[];
  readonly suspicions: Readonly<Record<string, number>>;
  /** Frames the switch refused of a domain as no honest one's, since management started. */
  readonly refused: ReadonlyMap<string, number>;
};

const askOrNull = async <T>(house: House, command: string, argument = ""): Promise<T | null> => {
  const answer = await house.ask("management", command, argument).catch(() => null);
  return answer === null || (typeof answer === "object" && "failure" in answer) ? null : (answer as T); // of the management process of this very program
};

/** Polls management of a house: flows all the time, histories of its domains before their ring runs over. */
export const observeHouse = (house: House): Observer => {
  const timeline = new Map<string, TimelinePoint>();
  const flows: FlowCount[] = [];
  const refused = new Map<string, number>();
  const lastMs = new Map<string, number>();
  let suspicions: Readonly<Record<string, number>> = {};
  const state = { isOver: false };
  let names: readonly string[] = [];

  const readHistories = async (): Promise<void> => {
    for (const name of names) {
      const history = await askOrNull<History>(house, "history", `${name} ${lastMs.get(name) ?? 0} ${METRICS.join(" ")}`);
      if (history === null) continue;
      const offset = history.wallMs - history.nowMs;
      history.atMs.forEach((at, index) => {
        const [cpuPercent = 0, memoryBytes = 0, framesInPerS = 0, queuedBytes = 0, workBytesPerS = 0] = history.values.map((column) => column[index] ?? 0);
        const atMs = Math.round(at + offset);
        timeline.set(`${name} ${atMs}`, { atMs, domain: name, cpuPercent, memoryBytes, framesInPerS, queuedBytes, workBytesPerS });
      });
      lastMs.set(name, history.atMs.at(-1) ?? 0);
    }
  };
  const readFlows = async (): Promise<void> => {
    const watch = await askOrNull<Watch>(house, "watch");
    if (watch === null) return;
    names = watch.domains.map(({ name }) => name);
    suspicions = watch.suspicions;
    const epochs = new Map(watch.domains.map(({ name, epoch }) => [name, epoch]));
    for (const { name, refusals } of watch.domains) refused.set(name, FORBIDDEN.reduce((sum, code) => sum + Number(refusals[code] ?? 0), 0));
    for (const { from, to, frames } of watch.flows) flows.push({ atMs: watch.wallMs, from, to, epoch: epochs.get(from) ?? "", frames });
  };
  const polling = (async () => {
    let historyMs = Date.now();
    while (!state.isOver) {
      await readFlows();
      if (Date.now() - historyMs > KEEP_MS) {
        historyMs = Date.now();
        await readHistories();
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  })();
  const stop = (): void => {
    state.isOver = true;
  };
  return {
    stop,
    end: async () => {
      stop();
      await polling;
      await readFlows();
      await readHistories();
      const responses = (await askOrNull<readonly Response[]>(house, "responses")) ?? [];
      return { timeline: [...timeline.values()].sort((left, right) => left.atMs - right.atMs), flows, responses, suspicions, refused };
    },
  };
};
