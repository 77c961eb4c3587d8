/** Makes a trigger: `run` never overlaps with itself, and a trigger during a run causes one more run after it. */
export const oneAtATime = (run: () => Promise<void>): (() => Promise<void>) => {
  let wanted = 0;
  let done = 0;
  let isRunning = false;
  return async () => {
    wanted += 1;
    if (isRunning) return;
    isRunning = true;
    try {
      while (done < wanted) {
        done = wanted;
        await run();
      }
    } finally {
      isRunning = false;
    }
  };
};
