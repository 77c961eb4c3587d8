import { type House, type World } from "@crossguardian/world";

import { until } from "./with-world.ts";

/** The plugin that `fixture/hostile-appchain.ts` puts in an attacker's hands, and its house. */
export const HOSTILE = { house: "gateway-a", plugin: "plugin-a" } as const;

const BACK_MS = 60_000;
const WORD_CHARS = 64;
const FLOOD_FRAMES = 2_000;

const word = (value: bigint): string => value.toString(16).padStart(WORD_CHARS, "0");

const portsOf = ({ spec }: House): string => spec.domains.map(({ name, port }) => `${name}=${port}`).join(" ");

/** Everything the fixture knows: frames to everybody, in another's name, malformed, oversize, torn; foreign endpoints, files, sockets; events changed in a block of its own and in the true one. */
const deedsOf = (house: House, amount: bigint): readonly string[] => [
  `forbidden ${portsOf(house)}`, `flood ${FLOOD_FRAMES}`, "spoof B", "malformed", "endpoint orderer", "endpoint A-1", "look", "read /key", "write /app/x",
  `forge ${word(amount)} ${word(1_000_000n * amount)}`, "oversize", `forge ${word(amount)} ${word(1_000_000n * amount)} keep`, "torn", "disguise interaction",
];

const isUp = async (house: House): Promise<boolean> => (await house.domains()).some(({ name, state, admitted }) => name === HOSTILE.plugin && state === "running" && admitted);

const hasOutcome = (answer: unknown): boolean => typeof answer === "object" && answer !== null && "outcome" in answer;

/** What came of a rampage. */
export type Rampage = { readonly deeds: number; readonly answered: number };

/**
 * The plugin does all it can, one thing after the other, until the time is over; where it ends by it, it waits to be started again.
 * @param amount of the transfers under way: it makes a million times as much of them
 */
export const rampage = async (world: World, forMs: number, amount: bigint): Promise<Rampage> => {
  const house = world.houses.get(HOSTILE.house);
  if (house === undefined) throw new Error("no house");
  const endMs = performance.now() + forMs;
  const deeds = deedsOf(house, amount);
  let done = 0;
  let answered = 0;
  while (performance.now() < endMs) {
    const deed = deeds[done % deeds.length] ?? "";
    done += 1;
    const answer = await house.ask(HOSTILE.plugin, "attack", deed).catch(() => null);
    if (hasOutcome(answer)) answered += 1;
    // It ended by what it did, or was put out of the way.
    else await until("the attacker to be back, or the end of its time", BACK_MS, async () => performance.now() > endMs || (await isUp(house)));
  }
  return { deeds: done, answered };
};
