import { type Assembled, assemble, CHANNEL_FD, type Program } from "./assemble.ts";

/** Waits for a byte on the channel, does what is described, tells its cells and waits again: so the lab can look at it before and after. */
export const hostileProgram = (describe: (program: Program) => void): Assembled =>
  assemble((program) => {
    program.sys("read", CHANNEL_FD, program.room(1), 1);
    describe(program);
  });
