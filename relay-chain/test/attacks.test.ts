import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { concatBytes, utf8 } from "@crossguardian/kernel";
import { checkAttestation, claimedFacts, openIbtp } from "@crossguardian/protocol";
import { decodeIbtp, encodeContent, encodeIbtp, encodePayload, type Message } from "@crossguardian/wire";
import { prepareValidatorVolume } from "../src/adapters/open-logs.ts";
import { type BlockParts } from "../src/blocks/plan-block.ts";
import { type HostileOrderer, makeHostileOrderer, votesFor } from "./support/hostile-orderer.ts";
import { type LogLine, type RunningTestValidator, startValidator, until, withFolder } from "./support/test-cluster.ts";
import { makeTestChain, type TestBlock } from "./support/test-chain.ts";
import { makeTestWorld, type TestRequest, type TestWorld } from "./support/test-world.ts";
import { PassThrough } from "node:stream";

const world: TestWorld = await makeTestWorld();
const ALL = [0, 1, 2, 3];

type Scene = { readonly hostile: HostileOrderer; readonly validators: readonly RunningTestValidator[]; readonly lines: LogLine[]; readonly folder: string };

/** Four honest validators under a hostile orderer; the world is registered by an honest first block. */
const scene = (run: (scene: Scene) => Promise<void>): Promise<void> =>
  withFolder(async (folder) => {
    const lines: LogLine[] = [];
    const validators: RunningTestValidator[] = [];
    for (const at of ALL) {
      const own = join(folder, at.toString());
      await prepareValidatorVolume(own);
      validators.push(await startValidator(world, at, own, () => new PassThrough(), lines));
    }
    const hostile = makeHostileOrderer(world, validators);
    const parts = { registrations: [world.registration(world.document(1n))] };
    const first = hostile.propose(parts, []);
    for (const at of ALL) hostile.tell(at).proposal?.(first, new Uint8Array(0));
    hostile.certify(first, parts, await votesFor(world, hostile, first, ALL));
    await run({ hostile, validators, lines, folder });
    for (const each of validators) await each.stop();
  });

type Batch = { readonly hash: Uint8Array; readonly batch: Uint8Array };

const batchOf = (request: TestRequest, block: TestBlock, change: { ibtp?: Uint8Array; evidence?: Uint8Array; height?: bigint; key?: null } = {}): Batch => {
  const evidence = change.evidence ?? block.evidence([0]);
  const ibtp = change.ibtp ?? world.requestIbtp(request, block, evidence);
  const batch = world.publish(
    {
      batchId: request.index,
      evidences: [{ chain: "chainA", height: change.height ?? block.height, evidence }],
      entries: [{ ibtp, evidence: 0, tx: 0, log: 0 }],
    },
    change.key === null ? null : world.gateway,
  );
  return { hash: world.crypto.sha256(batch), batch };
};

const witnessed = ({ validators }: Scene, block: TestBlock): void => {
  for (const each of validators) each.watches.get("chainA")?.report("w", [block], 0n);
};

const ask = async ({ hostile }: Scene, batch: Batch, validators: readonly number[] = ALL): Promise<readonly Message<"checkedBatch">[]> => {
  const before = validators.map((at) => hostile.answers("checkedBatch", at).length);
  for (const at of validators) hostile.tell(at).checkBatch?.(batch, new Uint8Array(0));
  await until("checks", () => validators.every((at, place) => hostile.answers("checkedBatch", at).length > before[place]!), 8000);
  return validators.map((at) => hostile.answers("checkedBatch", at).at(-1)!);
};

const takenFrom = (ibtpBytes: Uint8Array): BlockParts["taken"] => {
  const ibtp = openIbtp(ibtpBytes);
  assert.ok(ibtp.ok);
  const facts = claimedFacts(ibtp.value);
  assert.ok(facts.ok);
  return [{ facts: facts.value, timeoutMs: ibtp.value.extra.timeoutMs }];
};

const refusals = async ({ hostile }: Scene, proposal: Message<"proposal">): Promise<readonly string[]> => {
  const before = ALL.map((at) => hostile.answers("voteRefused", at).length);
  for (const at of ALL) hostile.tell(at).proposal?.(proposal, new Uint8Array(0));
  await until("refusals", () => ALL.every((at, place) => hostile.answers("voteRefused", at).length > before[place]!));
  return [...new Set(ALL.map((at) => hostile.answers("voteRefused", at).at(-1)!.code))];
};

const codesOf = (checked: readonly Message<"checkedBatch">[]): readonly string[] => [
  ...new Set(checked.flatMap(({ code, refused }) => [code, ...refused.map((each) => each.code)]).filter((each) => each !== "")),
];

const noVotesBut = ({ hostile }: Scene, count: number): void => {
  assert.deepEqual(ALL.map((at) => hostile.answers("vote", at).length), [count, count, count, count]);
};

test("two lying validators, a hostile orderer and a stolen gateway key can not get a forged transfer certified", async () => {
  await scene(async (all) => {
    const { hostile } = all;
    const real = world.sides.a.chain.mine([world.request(90n).log]);
    witnessed(all, real);
    const forged = world.request(1n, { args: [utf8("attacker"), utf8("1000000")] });
    const secondChain = makeTestChain(world.crypto.keccak256, 1);
    let fake = secondChain.mine([forged.log]);
    while (fake.height < real.height) fake = secondChain.mine([forged.log]);
    const batch = batchOf(forged, fake);
    assert.deepEqual(codesOf(await ask(all, batch)), ["relaychain.batch.header"]);
    const ibtp = world.requestIbtp(forged, fake, fake.evidence([0]));
    const parts = { taken: takenFrom(ibtp) };
    const proposal = hostile.propose(parts, [{ hash: batch.hash, entries: [0] }]);
    assert.deepEqual(await refusals(all, proposal), ["relaychain.proposal.batch"]);
    noVotesBut(all, 1);
    const digest = hostile.digest(proposal);
    const liars = [0, 1].map((at) => {
      const { signature, recovery } = world.crypto.secp256k1.sign(digest, world.validators[at]!.privateKey);
      return { address: Buffer.from(world.validators[at]!.address).toString("hex"), signature: concatBytes([signature, Uint8Array.of(27 + recovery)]) };
    });
    const two = liars.sort((x, y) => (x.address < y.address ? -1 : 1)).map((each) => each.signature);
    const powers = { hashes: world.hashes, secp256k1: world.crypto.secp256k1 };
    for (const signatures of [two, [...two, two[1]!], [two[0]!, two[0]!, two[1]!]]) {
      const checked = checkAttestation(powers, world.relayGenesis, hostile.registry().validators, { header: proposal.header, signatures });
      assert.equal(checked.ok, false);
      for (const at of [2, 3]) hostile.tell(at).certified?.({ height: proposal.header.height, hash: digest, signatures }, new Uint8Array(0));
    }
    assert.deepEqual(all.validators.map((each) => each.validator.head().height), [1n, 1n, 1n, 1n]);
  });
});

test("of two proposals for one height validators sign one (an equivocating orderer forks nothing)", async () => {
  await scene(async (all) => {
    const { hostile } = all;
    const parts = { registrations: [world.registration(world.document(2n))] };
    const first = hostile.propose(parts, []);
    const second = hostile.propose(parts, [], { tickMs: first.header.tickMs + 1n });
    for (const at of [0, 1]) hostile.tell(at).proposal?.(first, new Uint8Array(0));
    for (const at of [2, 3]) hostile.tell(at).proposal?.(second, new Uint8Array(0));
    await until("votes", () => ALL.every((at) => hostile.answers("vote", at).length === 2));
    for (const at of [0, 1]) hostile.tell(at).proposal?.(second, new Uint8Array(0));
    for (const at of [2, 3]) hostile.tell(at).proposal?.(first, new Uint8Array(0));
    await until("refusals", () => ALL.every((at) => hostile.answers("voteRefused", at).length === 1));
    assert.ok(ALL.every((at) => hostile.answers("voteRefused", at)[0]?.code === "relaychain.vote.equivocation"));
    noVotesBut(all, 2);
  });
});

test("an IBTP that says anything else than its proven event is refused, although the gateway signed it", async () => {
  await scene(async (all) => {
    const request = world.request(1n);
    const block = world.sides.a.chain.mine([request.log]);
    witnessed(all, block);
    const honest = world.requestIbtp(request, block, block.evidence([0]));
    const ibtp = decodeIbtp(honest);
    assert.ok(ibtp.ok);
    const other = { func: "mint", args: [utf8("attacker"), utf8("1")] };
    const changes = [
      { payload: encodePayload({ encrypted: false, content: encodeContent(other), hash: world.hashes.keccak256(utf8("mintattacker1")) }) },
      { index: 2n },
      { to: world.services.a },
      { timeoutHeight: 1n },
      { type: 1 },
      { proof: new Uint8Array(32) },
      { version: "9" },
      { timestamp: 5n },
      { extra: concatBytes([ibtp.value.extra.subarray(0, -1), Uint8Array.of(1)]) },
    ];
    for (const change of changes) {
      const forged = encodeIbtp({ ...ibtp.value, ...change });
      const codes = codesOf(await ask(all, batchOf(request, block, { ibtp: forged })));
      assert.ok(codes.length === 1 && /^(protocol\.entry\.mismatch|wire\.)/u.test(codes[0]!), `${Object.keys(change).join()}: ${codes.join()}`);
    }
    assert.deepEqual(codesOf(await ask(all, batchOf(request, block))), []);
  });
});

test("an event of another contract, of an unregistered service, or with another commitment is refused", async () => {
  await scene(async (all) => {
    const good = world.request(1n);
    const logs = [
      { ...good.log, address: world.sides.b.contract },
      { ...good.log, topics: [good.log.topics[0]!, good.log.topics[1]!, world.hashes.keccak256(utf8("nobody"))] },
      { ...good.log, data: concatBytes([good.log.data.subarray(0, 32), world.hashes.keccak256(utf8("other")), good.log.data.subarray(64)]) },
    ];
    const seen: string[] = [];
    for (const log of logs) {
      const block = world.sides.a.chain.mine([log]);
      witnessed(all, block);
      seen.push(...codesOf(await ask(all, batchOf(good, block))));
    }
    assert.deepEqual(seen, ["protocol.entry.mismatch", "protocol.registry.serviceUnknown", "protocol.entry.mismatch"]);
  });
});

test("evidence with a changed byte, or for a block without a quorum, proves nothing", async () => {
  await scene(async (all) => {
    const request = world.request(1n);
    const block = world.sides.a.chain.mine([request.log]);
    assert.deepEqual(codesOf(await ask(all, batchOf(request, block), [0])), ["relaychain.header.late"]);
    witnessed(all, block);
    const evidence = block.evidence([0]);
    for (const at of [10, 120, 300, evidence.length - 40, evidence.length - 1]) {
      const broken = evidence.slice();
      broken[at] = broken[at]! ^ 1;
      const codes = codesOf(await ask(all, batchOf(request, block, { evidence: broken }), [0]));
      assert.ok(codes.length === 1 && /^(proof\.|relaychain\.batch\.header)/u.test(codes[0]!), codes.join());
    }
  });
});

test("a batch signed by nobody needs only its proof; one signed with another key is refused", async () => {
  await scene(async (all) => {
    const request = world.request(1n);
    const block = world.sides.a.chain.mine([request.log]);
    witnessed(all, block);
    assert.deepEqual(codesOf(await ask(all, batchOf(request, block, { key: null }))), []);
    const evidence = block.evidence([0]);
    const wrong = world.publish(
      { batchId: 1n, evidences: [{ chain: "chainA", height: block.height, evidence }], entries: [{ ibtp: world.requestIbtp(request, block, evidence), evidence: 0, tx: 0, log: 0 }] },
      world.validators[0],
    );
    assert.deepEqual(codesOf(await ask(all, { hash: world.crypto.sha256(wrong), batch: wrong })), ["relaychain.batch.signature"]);
    assert.deepEqual(codesOf(await ask(all, { hash: new Uint8Array(32), batch: wrong })), ["relaychain.batch.hash"]);
  });
});

test("proposals that break a rule are refused with its code and never signed", async () => {
  await scene(async (all) => {
    const { hostile } = all;
    const request = world.request(1n, { timeoutMs: 3_600_000n });
    const block = world.sides.a.chain.mine([request.log]);
    witnessed(all, block);
    const batch = batchOf(request, block);
    await ask(all, batch);
    const ibtp = world.requestIbtp(request, block, block.evidence([0]));
    const parts = { taken: takenFrom(ibtp) };
    const refs = [{ hash: batch.hash, entries: [0] }];
    const now = BigInt(Date.now());
    const expect = async (code: string, proposal: Message<"proposal">): Promise<void> => {
      assert.deepEqual(await refusals(all, proposal), [code]);
    };
    await expect("relaychain.proposal.parent", hostile.propose(parts, refs, { header: { prevHash: new Uint8Array(32) } }));
    await expect("relaychain.proposal.epoch", hostile.propose(parts, refs, { header: { epoch: 2n } }));
    await expect("relaychain.proposal.height", hostile.propose(parts, refs, { header: { height: 9n } }));
    await expect("relaychain.proposal.tick", hostile.propose(parts, refs, { tickMs: now + 60_000n }));
    await expect("relaychain.proposal.tick", hostile.propose(parts, refs, { tickMs: 0n }));
    await expect("relaychain.proposal.root", hostile.propose(parts, refs, { header: { entriesRoot: new Uint8Array(32) } }));
    await expect("relaychain.proposal.batch", hostile.propose(parts, [{ hash: new Uint8Array(32), entries: [0] }]));
    await expect("relaychain.proposal.batch", hostile.propose(parts, [{ hash: batch.hash, entries: [1] }]));
    await expect("relaychain.proposal.batch", hostile.propose({ taken: [...parts.taken, ...parts.taken] }, [{ hash: batch.hash, entries: [0, 0] }]));
    await expect("relaychain.proposal.duplicate", hostile.propose({ taken: [...parts.taken, ...parts.taken] }, [...refs, ...refs]));
    await expect("relaychain.proposal.empty", hostile.propose({}, []));
    await expect("relaychain.proposal.registration", hostile.propose({ registrations: [world.registration(world.document(2n), 1)] }, []));
    await expect("relaychain.proposal.registration", hostile.propose({ registrations: [world.registration(world.document(3n), 2)] }, []));
    noVotesBut(all, 1);

    const good = hostile.propose(parts, refs);
    for (const at of ALL) hostile.tell(at).proposal?.(good, new Uint8Array(0));
    hostile.certify(good, parts, await votesFor(world, hostile, good, ALL));
    const cancel = { cancels: [{ from: request.from, to: request.to, index: 1n }] };
    await expect("relaychain.proposal.deadline", hostile.propose(cancel, []));
    await expect("relaychain.proposal.deadline", hostile.propose({ cancels: [{ from: request.from, to: request.to, index: 2n }] }, []));
    const again = batchOf(request, block);
    await ask(all, again);
    await expect("relaychain.proposal.known", hostile.propose(parts, [{ hash: again.hash, entries: [0] }]));
  });
});

test("two quorum hashes at a height freeze the chain: nothing of it is accepted in either direction", async () => {
  await scene(async (all) => {
    const request = world.request(1n);
    const block = world.sides.a.chain.mine([request.log]);
    witnessed(all, block);
    witnessed(all, { ...block, hash: new Uint8Array(32).fill(1) });
    assert.deepEqual(codesOf(await ask(all, batchOf(request, block))), ["protocol.chain.frozen"]);
    assert.ok(all.lines.some(({ event }) => event === "protocol.chain.frozen"));
  });
});

test("a validator that comes back after voting signs the same proposal again and no other", async () => {
  await scene(async (all) => {
    const { hostile, folder } = all;
    const parts = { registrations: [world.registration(world.document(2n))] };
    const first = hostile.propose(parts, []);
    hostile.tell(0).proposal?.(first, new Uint8Array(0));
    await until("vote", () => hostile.answers("vote", 0).length === 2);
    await all.validators[0]!.stop();
    const back = await startValidator(world, 0, join(folder, "0"), () => new PassThrough(), all.lines);
    assert.equal(back.validator.head().height, 1n);
    const after = makeHostileOrderer(world, [back]);
    const other = hostile.propose(parts, [], { tickMs: first.header.tickMs + 5n });
    after.tell(0).proposal?.(other, new Uint8Array(0));
    await until("refusal", () => after.answers("voteRefused", 0).length === 1);
    after.tell(0).proposal?.(first, new Uint8Array(0));
    await until("vote", () => after.answers("vote", 0).length === 1);
    assert.deepEqual(after.answers("vote", 0)[0]?.hash, hostile.digest(first));
    await back.stop();
  });
});

test("a validator whose vote log is gone declines every batch and never signs again", async () => {
  await withFolder(async (folder) => {
    const lines: LogLine[] = [];
    const lost = await startValidator(world, 0, folder, () => new PassThrough(), lines);
    const hostile = makeHostileOrderer(world, [lost]);
    hostile.tell(0).proposal?.(hostile.propose({ registrations: [world.registration(world.document(1n))] }, []), new Uint8Array(0));
    await until("refusal", () => hostile.answers("voteRefused", 0).length === 1);
    assert.equal(hostile.answers("voteRefused", 0)[0]?.code, "relaychain.vote.logLost");
    assert.equal(hostile.answers("vote", 0).length, 0);
    assert.ok(lines.some(({ event }) => event === "relaychain.vote.logLost"));
    await lost.stop();
  });
});
