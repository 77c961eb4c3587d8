import { CodedError } from "@crossguardian/kernel";
import { type HousePowers } from "./house-powers.ts";
import { type Member } from "./member.ts";

/** Takes from an admitted domain what only its start needed. `onFailed` ends it: it is not left running with it. */
export const sealDomain = async (member: Member | undefined, { driverOf }: Pick<HousePowers, "driverOf">, onFailed: (why: string) => void): Promise<void> => {
  const running = member?.running ?? null;
  if (running === null) return;
  try {
    await driverOf(running.isolation).seal(running);
  } catch (error) {
    onFailed(error instanceof CodedError ? error.code : "not sealed");
  }
};
