import { type Assembled, assemble, BEGIN_MARK, CHANNEL_FD, type Program } from "./assemble.ts";

const F_GETFD = 1;
const INPUT_FD = 0;

/** Where a driver hands the channel on as standard input, it is put where the program looks for it. */
const findChannel = (program: Program): void => {
  program.whenBad(program.sys("fcntl", CHANNEL_FD, F_GETFD), () => program.sys("dup2", INPUT_FD, CHANNEL_FD));
};

/**
 * Waits for a byte on the channel, does what is described, tells its cells and waits again: so the lab can look at it before and after.
 * @param isAwaited its driver may hand the channel on under another number, and says nothing about when it begins
 */
export const hostileProgram = (describe: (program: Program) => void, isAwaited = false): Assembled =>
  assemble((program) => {
    if (isAwaited) {
      findChannel(program);
      program.sys("write", CHANNEL_FD, program.text(BEGIN_MARK), BEGIN_MARK.length);
    }
    program.sys("read", CHANNEL_FD, program.room(1), 1);
    describe(program);
  });
