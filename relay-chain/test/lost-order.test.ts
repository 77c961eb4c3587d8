import assert from "node:assert/strict";
import { cp, readFile, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { encodeMessage, type Message, MESSAGES } from "@crossguardian/wire";
import { makeStreamLink } from "../src/adapters/stream-link.ts";
import { helloDigest, ROLE } from "../src/link/hello.ts";
import { type Link } from "../src/link/link.ts";
import { RECORD_HEADER_BYTES } from "../src/log/record.ts";
import { makeVotedProposals, type Standing, VOTED_WAIT_MS, type VotedPorts, type VotedProposals } from "../src/orderer/voted-proposals.ts";
import { VOTE_RECORD } from "../src/validator/vote-record.ts";
import { type Cluster, connectClient, makeTestLog, publishOf, startCluster, takeInWithTwoAway, until, withFolder } from "./support/test-cluster.ts";
import { makeTestWorld, type TestWorld } from "./support/test-world.ts";

const world: TestWorld = await makeTestWorld();

/** Cuts a validator's log behind its last vote: the certificate never came. */
const cutBehindLastVote = async (file: string): Promise<void> => {
  const bytes = await readFile(file);
  let end = 0;
  for (let at = 0; at + RECORD_HEADER_BYTES < bytes.length; ) {
    const next = at + RECORD_HEADER_BYTES + bytes.readUInt32BE(at);
    if (bytes[at + RECORD_HEADER_BYTES] === VOTE_RECORD.vote) end = next;
    at = next;
  }
  await truncate(file, end);
};

/**
 * An orderer that has taken a batch in, proposed it and got every validator's signature, and whose logs are as they were before it proposed.
 * Validators are stopped; `voted` is the block they have signed, but for the last one if that was away, which has the block with its certificate.
 */
const forgetful = async (folder: string, isLastAway = false): Promise<{ readonly cluster: Cluster; readonly voted: Uint8Array }> => {
  const cluster = await startCluster(world, folder);
  await takeInWithTwoAway(cluster);
  const before = join(folder, "before");
  await cluster.restartOrderer((whole) => cp(whole, before, { recursive: true }));
  await cluster.restartValidator(0);
  if (isLastAway) await cluster.validators[3]!.stop();
  await cluster.restartValidator(1);
  await until("ordered", () => cluster.orderer.orderer.status().openTransfers === 1);
  const voted = cluster.orderer.orderer.head().hash;
  if (isLastAway) await cluster.restartValidator(3);
  await until("certified at every validator", () => cluster.validators.every(({ validator }) => validator.openTransfers() === 1));
  for (const each of cluster.validators) await each.stop();
  await cluster.restartOrderer(async (whole) => {
    await rm(whole, { recursive: true });
    await cp(before, whole, { recursive: true });
  });
  assert.equal(cluster.orderer.orderer.status().openTransfers, 0);
  return { cluster, voted };
};

/** A validator in an attacker's hands, connected under its own key. */
const connectHostile = (cluster: Cluster, index: number, proposal: Uint8Array): Link => {
  const { address, privateKey } = world.validators[index]!;
  assert.ok(address.length > 0);
  const link: Link = makeStreamLink(cluster.orderer.connect(), {
    handlers: {
      relayChallenge: ({ nonce }) => {
        const name = `v${String(index)}`;
        const { signature, recovery } = world.crypto.secp256k1.sign(helloDigest(world.crypto.keccak256, nonce, name), privateKey);
        link.send("relayHello", { role: ROLE.validator, name, height: cluster.orderer.orderer.head().height, signature: Uint8Array.of(...signature, 27 + recovery) });
        link.send("votedProposal", { proposal });
      },
      checkBatch: () => undefined,
      proposal: () => undefined,
      certified: () => undefined,
      block: () => undefined,
    },
    onClose: () => undefined,
    onDrain: () => undefined,
  });
  return link;
};

const nothingWrong = ({ lines }: Cluster): void => {
  assert.deepEqual(lines.filter(({ level, event }) => level === "alarm" || event === "relaychain.vote.refused"), []);
};

test("an orderer that lost the proposal that all validators have signed, and its certificate, makes the same block again", async () => {
  await withFolder(async (folder) => {
    const { cluster, voted } = await forgetful(folder);
    for (let index = 0; index < 4; index += 1) await cluster.restartValidator(index, (own) => cutBehindLastVote(join(own, "votes.log")));
    await until("ordered again", () => cluster.orderer.orderer.status().openTransfers === 1);
    assert.deepEqual(cluster.orderer.orderer.head().hash, voted);
    assert.ok(cluster.lines.some(({ event }) => event === "relaychain.order.again"));
    const g1 = await connectClient(cluster.orderer, "g1");
    g1.link().sendEncoded("publish", publishOf(cluster, 2n));
    await until("and the next", () => cluster.orderer.orderer.status().openTransfers === 2);
    nothingWrong(cluster);
    await cluster.stop();
  });
});

test("one that lost a certified block as well makes that one again", async () => {
  await withFolder(async (folder) => {
    const { cluster, voted } = await forgetful(folder);
    for (let index = 0; index < 4; index += 1) await cluster.restartValidator(index);
    await until("ordered again", () => cluster.orderer.orderer.status().openTransfers === 1);
    assert.deepEqual(cluster.orderer.orderer.head().hash, voted);
    nothingWrong(cluster);
    await cluster.stop();
  });
});

test("a validator that has the lost block without having signed it signs it now", async () => {
  await withFolder(async (folder) => {
    const { cluster, voted } = await forgetful(folder, true);
    for (const index of [1, 2, 3]) await cluster.restartValidator(index);
    await until("ordered again", () => cluster.orderer.orderer.status().openTransfers === 1);
    assert.deepEqual(cluster.orderer.orderer.head().hash, voted);
    nothingWrong(cluster);
    await cluster.stop();
  });
});

test("a validator that says it signed what nobody knows, or what no block may be, holds the chain up for a moment only", async () => {
  const header = (cluster: Cluster) => {
    const { height, hash, tickMs } = cluster.orderer.orderer.head();
    return { epoch: 1n, height: height + 1n, prevHash: hash, tickMs: tickMs + 1n, entriesRoot: new Uint8Array(32) };
  };
  const unknown = (cluster: Cluster): Message<"proposal"> => ({ header: header(cluster), batches: [{ hash: new Uint8Array(32).fill(7), entries: [0] }], cancels: [], registrations: [] });
  const wrong = (cluster: Cluster): Message<"proposal"> => ({ header: header(cluster), batches: [], cancels: [{ from: "nobody", to: "nowhere", index: 1n }], registrations: [] });
  for (const make of [unknown, wrong]) {
    await withFolder(async (folder) => {
      const cluster = await startCluster(world, folder);
      await cluster.validators[3]!.stop();
      await cluster.restartOrderer();
      connectHostile(cluster, 3, encodeMessage(MESSAGES.proposal.codec, make(cluster)));
      const g1 = await connectClient(cluster.orderer, "g1");
      g1.link().sendEncoded("publish", publishOf(cluster, 1n));
      await until("ordered", () => cluster.orderer.orderer.status().openTransfers === 1);
      assert.ok(!cluster.lines.some(({ event }) => event === "relaychain.order.again"));
      for (const each of cluster.validators.slice(0, 3)) await each.stop();
      await cluster.orderer.stop();
    });
  }
});

describe("what the first block after a start is", () => {
  const HEAD = { height: 5n, hash: new Uint8Array(32), tickMs: 1n };
  const BATCH = new Uint8Array(32).fill(9);
  const said = (height: bigint, mark: number): Uint8Array =>
    encodeMessage(MESSAGES.proposal.codec, { header: { epoch: 1n, height, prevHash: HEAD.hash, tickMs: 2n, entriesRoot: new Uint8Array(32).fill(mark) }, batches: [{ hash: BATCH, entries: [0] }], cancels: [], registrations: [] });
  const nothing = new Uint8Array(0);

  /** Four validators of which three must sign; `standings` by the mark of a proposal. */
  const begun = (standings: Readonly<Record<number, Standing>> = {}, isOver = false) => {
    const lines: { readonly event: string }[] = [];
    const timers = new Map<() => void, number>();
    const ports: VotedPorts = {
      clock: {
        after: (delayMs, run) => {
          timers.set(run, delayMs);
          return () => void timers.delete(run);
        },
      },
      log: makeTestLog(lines as never),
      head: () => HEAD,
      rule: () => ({ n: 4, t: 3 }),
      isMember: (address) => address !== "stranger",
      sha256: world.crypto.sha256,
      standingOf: ({ message }) => standings[message.header.entriesRoot[0] ?? 0] ?? "never",
      again: () => undefined,
    };
    const voted: VotedProposals = makeVotedProposals(ports, isOver);
    const markOf = (): number | string => {
      const first = voted.first();
      return first.kind === "again" ? (first.voted.message.header.entriesRoot[0] ?? 0) : first.kind;
    };
    const wait = (): void => {
      assert.deepEqual([...timers.values()], [VOTED_WAIT_MS]);
      for (const run of timers.keys()) run();
    };
    return { voted, lines, markOf, wait, timers };
  };

  test("a new one as soon as t validators say that they signed none, and not before; who is no validator does not count", () => {
    const { voted, markOf } = begun();
    voted.heard("a", nothing);
    voted.heard("b", said(5n, 1));
    voted.heard("stranger", nothing);
    voted.heard("b", nothing);
    assert.equal(markOf(), "wait");
    voted.heard("c", nothing);
    assert.equal(markOf(), "new");
    assert.equal(begun({}, true).markOf(), "new");
  });

  test("the one that most have signed of those that t sign", () => {
    const { voted, markOf } = begun({ 1: "ready", 2: "ready", 3: "never" });
    voted.heard("a", said(6n, 1));
    voted.heard("b", said(6n, 2));
    assert.equal(markOf(), "wait");
    voted.heard("c", said(6n, 2));
    assert.equal(markOf(), 2);
    const other = begun({ 1: "ready" });
    for (const [address, mark] of [["a", 1], ["b", 3], ["c", 3]] as const) other.voted.heard(address, said(6n, mark));
    assert.equal(other.markOf(), 1);
  });

  test("waits for one whose batches are not there yet, and for a bounded time; then another one, if t are free to sign it, and else nothing, with an alarm", () => {
    const { voted, markOf, wait, lines, timers } = begun({ 1: "unknown" });
    voted.heard("a", said(6n, 1));
    voted.heard("b", nothing);
    voted.heard("c", nothing);
    assert.equal(markOf(), "wait");
    wait();
    assert.equal(markOf(), "wait");
    assert.equal(markOf(), "wait");
    assert.deepEqual(lines.map(({ event }) => event), ["relaychain.orderer.undecided"]);
    assert.ok(voted.isUndecided());
    voted.heard("d", nothing);
    assert.equal(markOf(), "new");
    assert.ok(voted.needs(BATCH) && !voted.needs(new Uint8Array(32)));
    voted.end();
    assert.equal(timers.size, 0);
    assert.ok(!voted.needs(BATCH) && !voted.isUndecided());
    voted.heard("d", said(6n, 1));
    assert.equal(markOf(), "new");
  });

  test("nothing while too few can follow: one that signed above the next height shows that the log lacks blocks", () => {
    const { voted, markOf } = begun({ 1: "ready" });
    voted.heard("a", nothing);
    voted.heard("b", nothing);
    const ahead = voted.heard("c", said(7n, 1));
    assert.equal(ahead.ok ? "" : ahead.failure.code, "relaychain.orderer.behind");
    assert.equal(voted.heard("d", Uint8Array.of(1, 2, 3)).ok, false);
    assert.equal(markOf(), "wait");
  });
});
