import { type HousePowers } from "./house-powers.ts";
import { type Keeper } from "./keep-running.ts";
import { type Member } from "./member.ts";

type Frozen = { readonly members: readonly Member[]; readonly switchKeeper: Keeper };

const hostSide = ({ members, switchKeeper }: Frozen): readonly number[] =>
  [...members.filter(({ running }) => running === null).map(({ keeper }) => keeper), switchKeeper].flatMap(
    (keeper) => keeper.state().pid ?? [],
  );

const jailed = ({ members }: Frozen) => members.flatMap(({ running }) => running ?? []);

/** Stops every process of the house where it is: jails first, so that nothing is seen to be missing. */
export const freeze = async (house: Frozen, { driverOf, signal }: HousePowers): Promise<void> => {
  await Promise.all(jailed(house).map((domain) => driverOf(domain.isolation).pause(domain)));
  for (const pid of hostSide(house)) signal({ pid }, "SIGSTOP");
};

/** Undoes `freeze`. */
export const thaw = async (house: Frozen, { driverOf, signal }: HousePowers): Promise<void> => {
  for (const pid of hostSide(house)) signal({ pid }, "SIGCONT");
  await Promise.all(jailed(house).map((domain) => driverOf(domain.isolation).resume(domain)));
};
