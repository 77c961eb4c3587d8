import { type House } from "@crossguardian/world";

/** How often it is looked for, in ms. */
const LOOK_MS = 25;

/** Kills a domain of a house each time that it is there, until `done`. Answers how many processes that were. */
export const keptDown = async (house: Pick<House, "domains">, name: string, done: () => boolean): Promise<number> => {
  const killed = new Set<number>();
  while (!done()) {
    const pid = (await house.domains()).find((each) => each.name === name)?.pid;
    if (typeof pid === "number" && !killed.has(pid)) {
      process.kill(pid, "SIGKILL");
      killed.add(pid);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return killed.size;
};
