import { failure, ok, refuse, type Result } from "@crossguardian/kernel";
import { type Message } from "@crossguardian/wire";

/**
 * True when heights ascend inside [from, to] and the range follows what is expected. A block told in several pieces stands there several times;
 * until its last piece `to` is the height below (wire, `observed`).
 */
export const checkObservedOrder = (untrusted: Message<"observed">, expected: bigint): Result<null> => {
  const { chain, from, to, blocks } = untrusted;
  const problem = failure("interaction.observed.order", { chain, from, to, expected });
  if ((to < from && (to + 1n !== from || blocks.length === 0)) || from > expected) return refuse(problem);
  let previous = from;
  for (const { height } of blocks) {
    if (height < previous || height > to + 1n) return refuse(problem);
    previous = height;
  }
  return ok(null);
};
