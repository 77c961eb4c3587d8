/** Runs what is given when what was given before has ended. */
export type InTurn = <T>(run: () => Promise<T>) => Promise<T>;

/** Nothing was given yet. */
export const makeTurns = (): InTurn => {
  let last: Promise<unknown> = Promise.resolve();
  return async (run) => {
    const mine = last.then(run, run);
    last = mine;
    return mine;
  };
};
