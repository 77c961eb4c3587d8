import { type Fact } from "@crossguardian/kernel";
import { type HouseSpec } from "./house-spec.ts";
import { type FromSwitch } from "./switch-lines.ts";

/** Writes down that a standby took a place, and that it did its first work there. Answers the new holder of a role, if that is what was said. */
export const recordTakeover = (
  { domains }: Pick<HouseSpec, "domains">,
  message: FromSwitch,
  record: (event: string, facts: Readonly<Record<string, Fact>>) => void,
): { readonly role: number; readonly number: number; readonly epoch: bigint; readonly instead: string | null } | null => {
  const nameOf = (number: number | null): string => domains.find(({ port }) => port === number)?.name ?? "";
  if (message.type === "served") {
    const { number, role, message: served, atMs, afterMs } = message;
    record("role.served", { name: nameOf(number), role: nameOf(role), message: served, switchMs: atMs, afterMs });
  }
  if (message.type !== "active") return null;
  const { number, role, epoch, instead, why, atMs } = message;
  if (instead !== null) record("role.takenOver", { name: nameOf(number), role: nameOf(role), instead: nameOf(instead), epoch, why, switchMs: atMs });
  return { role, number, epoch: /^\d{1,19}$/u.test(epoch) ? BigInt(epoch) : 0n, instead: instead === null ? null : nameOf(instead) };
};
