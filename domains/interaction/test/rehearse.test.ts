import assert from "node:assert/strict";
import { test } from "node:test";
import { rehearse } from "../src/rehearse.ts";
import { crypto, key, World } from "./world.ts";

test("a standby plays a start with its own configuration, which nobody hears of; with one it can not run with it says so before it is needed", async () => {
  const world = await World.create();
  const before = world.logs.length;
  rehearse({ crypto, rootKey: key(101), pairs: [] }, world.config("gwA"));
  assert.equal(world.logs.length, before);
  assert.throws(() => rehearse({ crypto, rootKey: key(102), pairs: [] }, world.config("gwA")), { code: "interaction.config.gateway" });
});
