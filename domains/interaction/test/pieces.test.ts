import assert from "node:assert/strict";
import { test } from "node:test";
import { type Message } from "@crossguardian/wire";
import { VAULT_A, VAULT_B, World } from "./world.ts";

const PUBLIC = { func: "mint", args: [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)], salt: null };
const PAIR = `${VAULT_A}-${VAULT_B}`;
const COUNT = 5;

type Observed = Message<"observed">;

/** A block of five requests, and the plugin of its chain that has not told it. */
const withBlock = async (): Promise<{ readonly world: World; readonly height: bigint; readonly tell: (from: bigint, to: bigint, places: readonly (readonly [first: number, count: number])[]) => void; readonly settled: () => number }> => {
  const world = await World.create();
  world.run(2_000);
  const chain = world.chains["chainA"]!;
  world.holdScan = () => true;
  world.run(3_000); // empty blocks before it that are not told either
  for (let each = 0; each < COUNT; each += 1) chain.request(VAULT_A, VAULT_B, PUBLIC, 600_000n);
  world.run(4_000);
  const block = chain.blocks.find(({ places }) => places.length > 0)!;
  const piece = ([first, count]: readonly [number, number]): Observed["blocks"][number] => ({ height: block.height, evidence: block.evidence, places: block.places.slice(first, first + count) });
  const { interaction } = world.gateways["gwA"]!;
  return {
    world,
    height: block.height,
    tell: (from, to, places) => interaction.onObserved("plugin", { chain: "chainA", from, to, blocks: places.map(piece) }),
    settled: () => Array.from({ length: COUNT }, (_, at) => chain.settled.has(`${PAIR}-${(at + 1).toString()}`)).filter(Boolean).length,
  };
};
const cursorOf = (world: World): bigint => world.gateways["gwA"]!.interaction.house.rooms.get("chainA")!.watch.cursor();

test("a block told in pieces over several messages is taken whole, and the cursor stays at it until the last piece", async () => {
  const { world, height, tell, settled } = await withBlock();
  tell(cursorOf(world), height - 1n, [[0, 2]]);
  assert.equal(cursorOf(world), height);
  tell(height, height - 1n, [[2, 1]]);
  assert.equal(cursorOf(world), height);
  tell(height, height, [[3, 1], [4, 1]]);
  assert.equal(cursorOf(world), height + 1n);
  world.holdScan = () => false;
  world.run(10_000);
  assert.equal(settled(), COUNT);
  assert.deepEqual(world.codes("alarm"), []);
});

test("pieces that are told again from the first on, as after a restart in their midst, happen once", async () => {
  const { world, height, tell, settled } = await withBlock();
  tell(cursorOf(world), height - 1n, [[0, 3]]);
  tell(height, height, [[0, 3], [3, 2]]);
  assert.equal(cursorOf(world), height + 1n);
  world.holdScan = () => false;
  world.run(10_000);
  assert.equal(settled(), COUNT);
  assert.ok([...world.chains["chainB"]!.executions.values()].every((times) => times === 1));
});

test("heights that go back or leave the range, and a message with neither blocks nor a range, are out of order", async () => {
  const { world, height, tell } = await withBlock();
  const before = cursorOf(world);
  const refused = (): number => world.codes().filter((each) => each === "interaction.observed.order").length;
  const { interaction } = world.gateways["gwA"]!;
  interaction.onObserved("plugin", { chain: "chainA", from: before, to: before - 1n, blocks: [] });
  tell(before, before, [[0, 1]]); // more than one above `to`
  tell(height + 1n, height, [[0, 1]]);
  assert.deepEqual([cursorOf(world), refused()], [before, 3]);
});
