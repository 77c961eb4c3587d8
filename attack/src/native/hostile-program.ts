import { type Assembled, assemble, CHANNEL_FD, type Program } from "./assemble.ts";

const F_GETFD = 1;
const INPUT_FD = 0;

/** Where a driver hands the channel on as standard input, it is put where the program looks for it. */
const findChannel = (program: Program): void => {
  program.whenBad(program.sys("fcntl", CHANNEL_FD, F_GETFD), () => program.sys("dup2", INPUT_FD, CHANNEL_FD));
};

/** Waits for a byte on the channel, does what is described, tells its cells and waits again: so the lab can look at it before and after. */
export const hostileProgram = (describe: (program: Program) => void, isChannelInput = false): Assembled =>
  assemble((program) => {
    if (isChannelInput) findChannel(program);
    program.sys("read", CHANNEL_FD, program.room(1), 1);
    describe(program);
  });
