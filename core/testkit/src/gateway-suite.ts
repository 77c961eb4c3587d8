import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { type Hash, type Secp256k1, compareBytes, concatBytes, equalBytes, toHex, utf8 } from "@crossguardian/kernel";
import { type GatewayEvent, type ReceiptEvent, type RequestEvent } from "@crossguardian/proof";
import { type CallBody, makeEntriesTree, makeHashes, type Target, wordOf, wordOfBytes } from "@crossguardian/protocol";
import { type EntryFacts, ENTRY_KIND, type EntryKind, type Message, SUBMIT_CALL, TX_STATUS } from "@crossguardian/wire";

/** The gateway of one chain with a vault and a data service, whatever it is written in. Accounts have 20 bytes. */
export type TwinSide = {
  readonly target: Target;
  readonly ids: { readonly vault: string; readonly data: string };
  /** Account that calls, and an account that nothing was given. */
  readonly user: Uint8Array;
  readonly receiver: Uint8Array;
  readonly lock: (to: string, receiver: Uint8Array, amount: bigint, timeoutMs: bigint) => Promise<readonly GatewayEvent[]>;
  readonly burn: (to: string, receiver: Uint8Array, amount: bigint, timeoutMs: bigint) => Promise<readonly GatewayEvent[]>;
  readonly callPublic: (to: string, func: string, key: Uint8Array, timeoutMs: bigint) => Promise<readonly GatewayEvent[]>;
  readonly getPrivate: (to: string, bodyHash: Uint8Array, timeoutMs: bigint) => Promise<readonly GatewayEvent[]>;
  readonly setValue: (key: Uint8Array, value: Uint8Array) => Promise<void>;
  readonly answerOf: (to: string, index: bigint) => Promise<{ readonly status: number; readonly result: Uint8Array }>;
  readonly submit: (submission: Message<"submit">) => Promise<readonly GatewayEvent[]>;
  readonly reemit: (from: string, to: string, receipt: ReceiptEvent) => Promise<readonly GatewayEvent[]>;
  readonly requestState: (from: string, to: string, index: bigint) => Promise<number>;
  readonly receiptHash: (from: string, to: string, index: bigint) => Promise<Uint8Array>;
  readonly last: (name: "inCursor" | "outIndex" | "settledUpTo", from: string, to: string) => Promise<bigint>;
  readonly window: (name: "decidedWindow" | "settledWindow", from: string, to: string, base: bigint, count: bigint) => Promise<Uint8Array>;
  readonly balances: (peer: string, account: Uint8Array) => Promise<{ readonly home: bigint; readonly wrapped: bigint; readonly locked: bigint; readonly supply: bigint }>;
  readonly isFrozen: (from: string, to: string) => Promise<boolean>;
  readonly pause: () => Promise<void>;
};

/** Why a side refused: the name of the Solidity error. */
export class TwinRefusal extends Error {
  readonly reason: string;
  constructor(reason: string) {
    super(reason);
    this.reason = reason;
  }
}

/** Two sides, a and b, peers of each other, with this relay's validators (three of four). */
export type TwinWorld = {
  readonly a: TwinSide;
  readonly b: TwinSide;
  readonly relayGenesis: Uint8Array;
  readonly validatorKeys: readonly Uint8Array[];
  readonly crypto: { readonly keccak256: Hash; readonly secp256k1: Secp256k1 };
  readonly reset: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

const TIMEOUT_MS = 60_000n;
const QUORUM = 3;
const ZERO32 = new Uint8Array(32);
const ROLLED_BACK = 2;
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

type Asked = { readonly facts: EntryFacts; readonly body: Message<"submit">["bodies"][number] };
type Answered = { readonly facts: EntryFacts; readonly result: Uint8Array };
type Twist = {
  readonly genesis?: Uint8Array;
  readonly epoch?: bigint;
  readonly target?: Target;
  readonly kind?: EntryKind;
  readonly sign?: (signatures: readonly Uint8Array[]) => readonly Uint8Array[];
  readonly keys?: readonly Uint8Array[];
};

const withHighS = (signature: Uint8Array): Uint8Array => {
  const s = BigInt(`0x${toHex(signature.subarray(32, 64))}`);
  const v = signature[64] === 27 ? 28 : 27;
  const high = (ORDER - s).toString(16).padStart(64, "0");
  return concatBytes([signature.subarray(0, 32), Uint8Array.from(Buffer.from(high, "hex")), Uint8Array.of(v)]);
};

/** What every gateway contract must do, on every kind of chain: the twins are twins because both pass this. */
export const gatewaySuite = (name: string, makeWorld: () => Promise<TwinWorld>): void => {
  describe(`gateway contract: ${name}`, () => {
    let world: TwinWorld;
    let height = 0n;
    before(async () => {
      world = await makeWorld();
    });
    beforeEach(async () => {
      await world.reset();
    });
    after(async () => {
      await world.stop();
    });
    const hashesOf = () => makeHashes(world.crypto.keccak256);

    const attest = (target: Target, kind: EntryKind, facts: readonly EntryFacts[], twist: Twist = {}) => {
      const hashes = hashesOf();
      const genesis = twist.genesis ?? world.relayGenesis;
      const tree = makeEntriesTree(hashes, facts.map((each) => hashes.leaf(genesis, twist.target ?? target, { ...each, kind: twist.kind ?? kind })));
      height += 1n;
      const header = { epoch: twist.epoch ?? 1n, height, prevHash: ZERO32, tickMs: 1000n * height, entriesRoot: tree.root };
      const digest = hashes.blockDigest(genesis, header);
      const { secp256k1 } = world.crypto;
      const keys = [...(twist.keys ?? world.validatorKeys)].sort((left, right) => compareBytes(secp256k1.address(left), secp256k1.address(right)));
      const signatures = keys.slice(0, QUORUM).map((key) => {
        const { signature, recovery } = secp256k1.sign(digest, key);
        return concatBytes([signature, Uint8Array.of(27 + recovery)]);
      });
      const entries = facts.map(({ from, to, index, requestHash, status, resultHash }, position) => ({
        from, to, index, requestHash, status, resultHash, position, siblings: tree.siblings(position),
      }));
      return { attestation: { header, signatures: twist.sign?.(signatures) ?? signatures }, entries };
    };

    const submission = (call: 1 | 2 | 3, made: ReturnType<typeof attest>, more: Partial<Message<"submit">> = {}): Message<"submit"> => ({
      chain: "T", id: 1n, call, ...made, bodies: [], results: [], ...more,
    });

    const nameOf = (key: Uint8Array): string => {
      const ids = [world.a, world.b].flatMap(({ ids: each }) => [each.vault, each.data]);
      return ids.find((id) => equalBytes(hashesOf().serviceKey(id), key)) ?? "?";
    };
    const only = <T extends GatewayEvent["type"]>(events: readonly GatewayEvent[], type: T): readonly Extract<GatewayEvent, { type: T }>[] =>
      events.filter((each): each is Extract<GatewayEvent, { type: T }> => each.type === type);

    const bodyOf = (source: Target, event: RequestEvent, secret?: CallBody): Asked["body"] => ({
      srcChain: source.chain,
      srcContract: source.contract,
      timeoutMs: event.timeoutMs,
      priority: event.priority,
      isPrivate: event.isPrivate,
      salt: secret?.salt ?? ZERO32,
      func: secret?.func ?? event.func,
      args: secret?.args ?? event.args,
    });
    const asked = (side: TwinSide, events: readonly GatewayEvent[], secret?: CallBody): readonly Asked[] =>
      only(events, "request").map((event) => ({
        facts: {
          kind: ENTRY_KIND.request, from: nameOf(event.fromKey), to: nameOf(event.toKey), index: event.index,
          requestHash: event.requestHash, status: TX_STATUS.begin, resultHash: ZERO32,
        },
        body: bodyOf(side.target, event, secret),
      }));
    const answered = (events: readonly GatewayEvent[]): readonly Answered[] =>
      only(events, "receipt").map((event) => ({
        result: event.result,
        facts: {
          kind: ENTRY_KIND.receipt, from: nameOf(event.fromKey), to: nameOf(event.toKey), index: event.index,
          requestHash: event.requestHash, status: event.status, resultHash: world.crypto.keccak256(event.result),
        },
      }));
    const execute = async (side: TwinSide, requests: readonly Asked[], twist: Twist = {}) =>
      side.submit(submission(SUBMIT_CALL.execute, attest(side.target, ENTRY_KIND.request, requests.map(({ facts }) => facts), twist), { bodies: requests.map(({ body }) => body) }));
    const settle = async (side: TwinSide, receipts: readonly Answered[], twist: Twist = {}) =>
      side.submit(submission(SUBMIT_CALL.settle, attest(side.target, ENTRY_KIND.receipt, receipts.map(({ facts }) => facts), twist), { results: receipts.map(({ result }) => result) }));
    const cancel = async (side: TwinSide, requests: readonly Asked[]) =>
      side.submit(submission(SUBMIT_CALL.cancel, attest(side.target, ENTRY_KIND.cancel, requests.map(({ facts }) => ({ ...facts, status: TX_STATUS.beginRollback })))));
    const refusalOf = async (run: Promise<unknown>): Promise<string> => {
      try {
        await run;
      } catch (error) {
        if (error instanceof TwinRefusal) return error.reason;
        throw error;
      }
      return "taken";
    };
    const lock = async (amount = 1000n): Promise<readonly Asked[]> => asked(world.a, await world.a.lock(world.b.ids.vault, world.b.receiver, amount, TIMEOUT_MS));

    test("tokens locked here are minted there, and the lock commits", async () => {
      const { a, b } = world;
      const before = await a.balances(b.ids.vault, a.user);
      const requests = await lock();
      assert.deepEqual(requests[0]?.body.args.map((each) => toHex(each)), [toHex(wordOfBytes(b.receiver)), toHex(wordOf(1000n))]);
      const { facts } = requests[0] ?? assert.fail();
      const hashes = hashesOf();
      const bodyHash = hashes.bodyHash({ func: "mint", args: requests[0]?.body.args ?? [], salt: null });
      assert.deepEqual(toHex(facts.requestHash), toHex(hashes.requestHash({ source: a.target, from: facts.from, to: facts.to, index: 1n, bodyHash, timeoutMs: TIMEOUT_MS, priority: 0 })));
      assert.equal(await a.requestState(facts.from, facts.to, 1n), 0);
      const receipts = answered(await execute(b, requests));
      assert.equal(receipts[0]?.facts.status, TX_STATUS.success);
      assert.equal((await b.balances(a.ids.vault, b.receiver)).wrapped, 1000n);
      const expected = world.crypto.keccak256(concatBytes([facts.requestHash, wordOf(TX_STATUS.success), world.crypto.keccak256(new Uint8Array(0))]));
      assert.equal(toHex(await b.receiptHash(facts.from, facts.to, 1n)), toHex(expected));
      assert.deepEqual((await settle(a, receipts)).map(({ type }) => type), ["settled"]);
      assert.equal(await a.requestState(facts.from, facts.to, 1n), 1);
      assert.equal(await a.last("settledUpTo", facts.from, facts.to), 1n);
      const left = await a.balances(b.ids.vault, a.user);
      assert.deepEqual([left.locked, before.home - left.home], [1000n, 1000n]);
    });

    test("tokens burned here release what was locked there", async () => {
      const { a, b } = world;
      const there = await execute(b, asked(a, await a.lock(b.ids.vault, b.user, 1000n, TIMEOUT_MS)));
      await settle(a, answered(there));
      const back = await execute(a, asked(b, await b.burn(a.ids.vault, a.receiver, 400n, TIMEOUT_MS)));
      assert.deepEqual((await settle(b, answered(back))).map(({ type }) => type), ["settled"]);
      const home = await a.balances(b.ids.vault, a.receiver);
      assert.deepEqual([home.home, home.locked], [400n, 600n]);
      assert.equal((await b.balances(a.ids.vault, b.user)).supply, 600n);
    });

    test("a lock that is cancelled there is refunded here, and its receipt settles once", async () => {
      const { a, b } = world;
      const before = await a.balances(b.ids.vault, a.user);
      const requests = asked(a, await a.lock(b.ids.vault, b.receiver, 1000n, TIMEOUT_MS));
      const cancelled = answered(await cancel(b, requests));
      assert.equal(cancelled[0]?.facts.status, TX_STATUS.rollback);
      await settle(a, cancelled);
      assert.deepEqual(await a.balances(b.ids.vault, a.user), before);
      assert.equal(await a.requestState(a.ids.vault, b.ids.vault, 1n), ROLLED_BACK);
      assert.deepEqual(await settle(a, cancelled), []);
      assert.deepEqual(await a.balances(b.ids.vault, a.user), before);
    });

    test("a cancelled index never executes, and an executed one is never cancelled", async () => {
      const { a, b } = world;
      const [first, second] = [await lock(), await lock()];
      await cancel(b, first);
      assert.deepEqual(await execute(b, first), []);
      assert.equal((await b.balances(a.ids.vault, b.receiver)).wrapped, 0n);
      await execute(b, second);
      assert.deepEqual(await cancel(b, second), []);
      assert.deepEqual(await execute(b, second), []);
      assert.equal((await b.balances(a.ids.vault, b.receiver)).wrapped, 1000n);
    });

    test("a cancelled burn gives the wrapped tokens back", async () => {
      const { a, b } = world;
      await settle(a, answered(await execute(b, asked(a, await a.lock(b.ids.vault, b.user, 1000n, TIMEOUT_MS)))));
      const burned = asked(b, await b.burn(a.ids.vault, a.receiver, 400n, TIMEOUT_MS));
      await settle(b, answered(await cancel(a, burned)));
      assert.equal((await b.balances(a.ids.vault, b.user)).wrapped, 1000n);
    });

    test("a value is read privately: no content in the request, the answer in the receipt", async () => {
      const { a, b } = world;
      const key = utf8("rate");
      await b.setValue(key, utf8("42"));
      const secret: CallBody = { salt: new Uint8Array(32).fill(0xab), func: "get", args: [key] };
      const events = await a.getPrivate(b.ids.data, hashesOf().bodyHash(secret), TIMEOUT_MS);
      const [event] = only(events, "request");
      assert.deepEqual([event?.isPrivate, event?.func, event?.args.length], [true, "", 0]);
      const receipts = answered(await execute(b, asked(a, events, secret)));
      assert.equal(toHex(receipts[0]?.result ?? ZERO32), toHex(utf8("42")));
      await settle(a, receipts);
      const { status, result } = await a.answerOf(b.ids.data, 1n);
      assert.deepEqual([status, toHex(result)], [TX_STATUS.success, toHex(utf8("42"))]);
    });

    test("an unknown function, an unknown key and an unknown service are FAILURE receipts that roll back", async () => {
      const { a, b } = world;
      for (const [func, key] of [["erase", "x"], ["get", "nothing"]] as const) {
        const receipts = answered(await execute(b, asked(a, await a.callPublic(b.ids.data, func, utf8(key), TIMEOUT_MS))));
        assert.equal(receipts[0]?.facts.status, TX_STATUS.failure);
        await settle(a, receipts);
        assert.equal(await a.requestState(a.ids.data, b.ids.data, receipts[0]?.facts.index ?? 0n), ROLLED_BACK);
      }
      const [real] = asked(a, await a.callPublic(b.ids.data, "get", utf8("x"), TIMEOUT_MS));
      assert.ok(real);
      const { body } = real;
      const to = "1:b:nothing";
      const bodyHash = hashesOf().bodyHash({ func: body.func, args: body.args, salt: null });
      const requestHash = hashesOf().requestHash({ source: a.target, from: a.ids.data, to, index: 1n, bodyHash, timeoutMs: TIMEOUT_MS, priority: 0 });
      const events = await execute(b, [{ body, facts: { ...real.facts, to, index: 1n, requestHash } }]);
      assert.deepEqual(only(events, "receipt").map(({ status, result }) => [status, result.length]), [[TX_STATUS.failure, 4]]);
    });

    test("the receipt of a decided index can be emitted again, and only that one", async () => {
      const { a, b } = world;
      const requests = asked(a, await a.callPublic(b.ids.data, "get", utf8("x"), TIMEOUT_MS));
      const [receipt] = only(await cancel(b, requests), "receipt");
      assert.ok(receipt);
      assert.deepEqual(await b.reemit(a.ids.data, b.ids.data, receipt), [receipt]);
      assert.equal(await refusalOf(b.reemit(a.ids.data, b.ids.data, { ...receipt, status: TX_STATUS.success })), "ReceiptMismatch");
      assert.equal(await refusalOf(b.reemit(a.ids.data, b.ids.data, { ...receipt, index: 9n })), "ReceiptMismatch");
    });

    test("windows and cursors tell what is decided and settled", async () => {
      const { a, b } = world;
      const pair = [a.ids.data, b.ids.data] as const;
      const requests: Asked[] = [];
      for (let count = 0; count < 4; count += 1) requests.push(...asked(a, await a.callPublic(b.ids.data, "get", utf8("x"), TIMEOUT_MS)));
      const receipts = answered(await cancel(b, [requests[0], requests[2], requests[3]].filter((each) => each !== undefined)));
      assert.equal(toHex(await b.window("decidedWindow", ...pair, 1n, 10n)), "0d00");
      assert.equal(await b.last("inCursor", ...pair), 1n);
      await settle(a, receipts.slice(1));
      assert.equal(toHex(await a.window("settledWindow", ...pair, 1n, 4n)), "0c");
      assert.equal(await a.last("settledUpTo", ...pair), 0n);
      await settle(a, receipts);
      assert.equal(await a.last("settledUpTo", ...pair), 1n);
      assert.equal(await a.last("outIndex", ...pair), 4n);
    });

    test("a batch decides all its entries, beyond one page of any table", async () => {
      const { a, b } = world;
      const requests: Asked[] = [];
      for (let count = 0; count < 70; count += 1) requests.push(...(await lock(1n)));
      const receipts = answered(await execute(b, requests));
      assert.equal(receipts.length, 70);
      assert.equal((await b.balances(a.ids.vault, b.receiver)).wrapped, 70n);
      assert.equal(await b.last("inCursor", a.ids.vault, b.ids.vault), 70n);
      assert.equal((await settle(a, receipts)).length, 70);
      assert.equal(await a.last("settledUpTo", a.ids.vault, b.ids.vault), 70n);
    });

    test("a block is refused with too few, foreign, doubled, high-s or unordered signatures, another epoch or another relay", async () => {
      const { b } = world;
      const requests = await lock();
      const strangers = world.validatorKeys.map((key) => world.crypto.keccak256(key));
      const table: readonly (readonly [string, Twist])[] = [
        ["TooFewSignatures", { sign: (all) => all.slice(1) }],
        ["NotValidator", { keys: strangers }],
        ["SignersNotAscending", { sign: ([first = ZERO32, second = ZERO32]) => [first, first, second] }],
        ["SignersNotAscending", { sign: (all) => all.toReversed() }],
        ["SignatureHighS", { sign: ([first = ZERO32, ...rest]) => [withHighS(first), ...rest] }],
        ["WrongEpoch", { epoch: 2n }],
      ];
      for (const [reason, twist] of table) assert.equal(await refusalOf(execute(b, requests, twist)), reason);
      assert.notEqual(await refusalOf(execute(b, requests, { genesis: world.crypto.keccak256(ZERO32) })), "taken");
      assert.equal((await execute(b, requests)).length, 1);
    });

    test("an entry for another chain, contract or kind, with another body, hash or status is refused", async () => {
      const { a, b } = world;
      const [request] = await lock();
      assert.ok(request);
      assert.equal(await refusalOf(execute(b, [request], { target: a.target })), "NotIncluded");
      assert.equal(await refusalOf(execute(b, [request], { target: { ...b.target, contract: a.target.contract } })), "NotIncluded");
      assert.equal(await refusalOf(execute(b, [request], { kind: ENTRY_KIND.cancel })), "NotIncluded");
      const args = [wordOfBytes(b.receiver), wordOf(1_000_000n)];
      assert.equal(await refusalOf(execute(b, [{ ...request, body: { ...request.body, args } }])), "BodyMismatch");
      assert.equal(await refusalOf(execute(b, [{ ...request, facts: { ...request.facts, requestHash: ZERO32 } }])), "BodyMismatch");
      assert.equal(await refusalOf(execute(b, [{ ...request, facts: { ...request.facts, status: TX_STATUS.success } }])), "EntryInvalid");
      assert.equal((await b.balances(a.ids.vault, b.receiver)).wrapped, 0n);
    });

    test("a request of an unregistered source contract is left undecided", async () => {
      const { a, b } = world;
      const [request] = await lock();
      assert.ok(request);
      const source = { ...a.target, contract: world.crypto.keccak256(ZERO32) };
      const bodyHash = hashesOf().bodyHash({ func: request.body.func, args: request.body.args, salt: null });
      const { from, to, index } = request.facts;
      const requestHash = hashesOf().requestHash({ source, from, to, index, bodyHash, timeoutMs: TIMEOUT_MS, priority: 0 });
      const forged = { facts: { ...request.facts, requestHash }, body: { ...request.body, srcContract: source.contract } };
      assert.deepEqual(await execute(b, [forged]), []);
      assert.equal(toHex(await b.receiptHash(from, to, index)), toHex(ZERO32));
    });

    test("a receipt with another result is refused, and one for another request freezes the pair in both directions", async () => {
      const { a, b } = world;
      const requests = await lock();
      const [receipt] = answered(await execute(b, requests));
      assert.ok(receipt);
      assert.equal(await refusalOf(settle(a, [{ ...receipt, result: utf8("x") }])), "ResultMismatch");
      assert.equal(await refusalOf(settle(a, [{ ...receipt, facts: { ...receipt.facts, status: TX_STATUS.begin } }])), "StatusInvalid");
      await settle(a, [{ ...receipt, facts: { ...receipt.facts, requestHash: world.crypto.keccak256(ZERO32) } }]);
      assert.ok(await a.isFrozen(a.ids.vault, b.ids.vault));
      assert.ok(await a.isFrozen(b.ids.vault, a.ids.vault));
      assert.equal(await refusalOf(lock()), "PairIsFrozen");
    });

    test("nobody asks outside the limits, for nothing, for nobody, or of a stranger", async () => {
      const { a, b } = world;
      assert.equal(await refusalOf(a.lock(b.ids.vault, b.receiver, 1n, 1n)), "TimeoutOutsideLimits");
      assert.equal(await refusalOf(a.lock(b.ids.vault, b.receiver, 1n, 1n << 40n)), "TimeoutOutsideLimits");
      assert.equal(await refusalOf(a.lock(b.ids.vault, b.receiver, 0n, TIMEOUT_MS)), "AmountInvalid");
      assert.equal(await refusalOf(a.lock(b.ids.vault, new Uint8Array(20), 1n, TIMEOUT_MS)), "ReceiverInvalid");
      assert.equal(await refusalOf(a.lock("1:c:vault", b.receiver, 1n, TIMEOUT_MS)), "NotPeer");
      assert.equal(await refusalOf(a.burn(b.ids.vault, b.receiver, 1n, TIMEOUT_MS)), "BalanceTooLow");
    });

    test("a pause stops requests and execution, never cancelling or settling", async () => {
      const { a, b } = world;
      const [first, second] = [await lock(), await lock()];
      const receipts = answered(await execute(b, first));
      await a.pause();
      await b.pause();
      assert.equal(await refusalOf(lock()), "IsPaused");
      assert.equal(await refusalOf(execute(b, second)), "IsPaused");
      assert.equal((await cancel(b, second)).length, 1);
      assert.equal((await settle(a, receipts)).length, 1);
    });
  });
};
