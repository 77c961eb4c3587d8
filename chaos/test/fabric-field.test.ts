import assert from "node:assert/strict";
import { test } from "node:test";

import { DEMO_TOPOLOGY, evmChainsOf, type TransferEvent, withKinds } from "@crossguardian/world";

import { rosterOf } from "../src/roster.ts";
import { type SeenEvent } from "../src/watch/seen-event.ts";
import { pollAccess } from "../src/watch/poll-access.ts";

const topology = withKinds(DEMO_TOPOLOGY, ["evm", "fabric"]);

const eventAt = (block: bigint): TransferEvent => ({
  event: "Request", from: "0x01", to: "0x02", index: block, status: 0, timeoutMs: 1n, block, transaction: "0x03", seenAtMs: 0,
});

test("processes of a Fabric channel are killed as those of other chains are, its network in memory is not", () => {
  assert.deepEqual(evmChainsOf(topology), ["A", "B"]);
  const roster = rosterOf(topology, "ganache");
  assert.deepEqual(roster.filter(({ chain }) => chain === "C").map(({ domain }) => domain), ["plugin-c", "witness-c-1", "witness-c-2", "witness-c-3"]);
  assert.deepEqual(roster.filter(({ kind }) => kind === "chain").map(({ chain }) => chain), ["A", "B"]);
});

test("a chain that is read through its users' interfaces gives each event once, also after a question that failed", async () => {
  let head = 2n;
  let isDown = false;
  const seen: SeenEvent[] = [];
  const poll = pollAccess(
    {
      name: "C",
      head: async () => Promise.resolve(head),
      events: async (from, to) => {
        if (isDown) throw new Error("the peer is stopped");
        return Promise.resolve(Array.from({ length: Number(to - from) + 1 }, (_, at) => eventAt(from + BigInt(at))));
      },
    },
    (event) => seen.push(event),
  );
  await poll();
  await poll();
  isDown = true;
  head = 4n;
  await assert.rejects(poll());
  isDown = false;
  await poll();
  assert.deepEqual(seen.map(({ block, key, chain }) => [block, key, chain]), [1, 2, 3, 4].map((block) => [block, `0x01-0x02-${block.toString()}`, "C"]));
});
