import { type Command } from "commander";

import { type Context, examples } from "../context.ts";
import { registerApt } from "../experiments/apt.ts";
import { registerFlashCrowd, registerSoak } from "../experiments/crowds.ts";
import { registerDos } from "../experiments/dos.ts";
import { registerFailover } from "../experiments/failover.ts";
import { registerWithWithout } from "../experiments/with-without.ts";

/** Adds one experiment to the command; each has a file of its own in `cli/src/experiments`. */
type Register = (experiment: Command, context: Context) => void;

const EXPERIMENTS: readonly Register[] = [registerFailover, registerDos, registerApt, registerFlashCrowd, registerSoak, registerWithWithout];

/** `experiment`: one sub-command per experiment on a real gateway that is built for it and taken down again. */
export const registerExperiment = (program: Command, context: Context): void => {
  const experiment = program
    .command("experiment")
    .description("an experiment on a real gateway of its own; what was measured is printed, exit code 1 when a bar is missed")
    .addHelpText("after", examples(["experiment dos --out /tmp/figures", "experiment apt --json", "experiment flash-crowd --json"]));
  for (const register of EXPERIMENTS) register(experiment, context);
};
