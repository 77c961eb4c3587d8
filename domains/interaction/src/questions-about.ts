import { bounds } from "@crossguardian/wire";
import { type Incoming } from "./incoming.ts";

const SIDE = { source: 1, destination: 2 } as const;

/** Which indexes of a pair a contract is asked about. */
export type Question = { readonly from: string; readonly to: string; readonly side: 1 | 2; readonly base: bigint; readonly count: number };

/** The side of a pair at which a contract decides an entry. */
export const sideOf = ({ call }: Pick<Incoming, "call">): 1 | 2 => (call === "settle" ? SIDE.source : SIDE.destination);

/** Questions to a contract about entries, as many as one message carries, and the entries they are about. */
export const questionsAbout = (entries: readonly Incoming[]): { readonly questions: readonly Question[]; readonly asked: readonly Incoming[] } => {
  const questions = new Map<string, Question>();
  const asked: Incoming[] = [];
  for (const entry of [...entries].sort((left, right) => (left.facts.index < right.facts.index ? -1 : 1))) {
    const { from, to, index } = entry.facts;
    const side = sideOf(entry);
    const key = `${entry.pair}-${side.toString()}`;
    const known = questions.get(key);
    if (known === undefined) {
      if (questions.size >= bounds.MAX_PAIRS_PER_QUERY) continue;
      questions.set(key, { from, to, side, base: index, count: 1 });
    } else {
      const count = Number(index - known.base) + 1;
      if (count > bounds.MAX_WINDOW_INDEXES) continue;
      questions.set(key, { ...known, count: Math.max(known.count, count) });
    }
    asked.push(entry);
  }
  return { questions: [...questions.values()], asked };
};
