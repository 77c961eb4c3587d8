/** Classes of a request, as its event and IBTP say: bulk, normal, urgent. What says more is urgent. */
export const PRIORITY = { bulk: 0, normal: 1, urgent: 2 } as const;

/**
 * Of eight entries that leave, so many of each class while all wait: urgent transfers overtake, and bulk goes on at an eighth of the pace at least. A class
 * that waits for nothing leaves its turns to the others, the most urgent first.
 */
export const TURNS: readonly number[] = [PRIORITY.urgent, PRIORITY.urgent, PRIORITY.urgent, PRIORITY.normal, PRIORITY.urgent, PRIORITY.urgent, PRIORITY.urgent, PRIORITY.bulk];

const CLASSES = 3;

/** A queue by classes. */
export type WeighedQueue<T> = {
  readonly add: (item: T) => void;
  readonly size: () => number;
  /** The next items in the order in which they leave; they stay. */
  readonly head: (most: number) => readonly T[];
  /** Takes out as many of the head. */
  readonly take: (count: number) => void;
};

/** Makes an empty queue. @param isWeighed false: first come, first served */
export const makeWeighedQueue = <T>(priorityOf: (item: T) => number, isWeighed: boolean): WeighedQueue<T> => {
  const classes: T[][] = Array.from({ length: CLASSES }, () => []);
  let turn = 0;

  const classOf = (item: T): number => (isWeighed ? Math.min(Math.max(0, priorityOf(item)), CLASSES - 1) : PRIORITY.urgent);
  /** The class whose turn it is, or the most urgent one that has something left. */
  const nextClass = (taken: readonly number[], at: number): number => {
    const has = (each: number): boolean => (classes[each]?.length ?? 0) > (taken[each] ?? 0);
    const mine = TURNS[at % TURNS.length] ?? PRIORITY.urgent;
    return has(mine) ? mine : ([PRIORITY.urgent, PRIORITY.normal, PRIORITY.bulk].find(has) ?? -1);
  };
  const pick = (most: number): { readonly items: readonly T[]; readonly taken: readonly number[] } => {
    const items: T[] = [];
    const taken = Array.from({ length: CLASSES }, () => 0);
    while (items.length < most) {
      const next = nextClass(taken, turn + items.length);
      const item = classes[next]?.[taken[next] ?? 0];
      if (item === undefined) break;
      taken[next] = (taken[next] ?? 0) + 1;
      items.push(item);
    }
    return { items, taken };
  };
  return {
    add: (item) => void classes[classOf(item)]?.push(item),
    size: () => classes.reduce((sum, { length }) => sum + length, 0),
    head: (most) => pick(most).items,
    take: (count) => {
      const { items, taken } = pick(count);
      for (const [each, of] of taken.entries()) classes[each]?.splice(0, of);
      turn = (turn + items.length) % TURNS.length;
    },
  };
};
