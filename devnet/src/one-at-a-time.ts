/**
 * Runs one task after the other, in the order given. One that takes longer than `patienceMs` goes on by itself and the
 * next one begins.
 */
export const oneAtATime = (patienceMs: number): (<T>(task: () => Promise<T>) => Promise<T>) => {
  let last: Promise<unknown> = Promise.resolve();
  return async (task) => {
    const before = last;
    const { promise: ended, resolve } = Promise.withResolvers<undefined>();
    last = ended;
    await before;
    const late = setTimeout(() => resolve(undefined), patienceMs);
    return task().finally(() => {
      clearTimeout(late);
      resolve(undefined);
    });
  };
};
