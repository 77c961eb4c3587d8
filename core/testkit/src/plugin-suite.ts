import assert from "node:assert/strict";
import { after, before, describe, test, type TestContext } from "node:test";
import { type Fact, type Log } from "@crossguardian/kernel";
import { type Message } from "@crossguardian/wire";

/** How the node in front of a plugin behaves. "hostile-..." are the world's own. */
export type NodeMode = "pass" | "cut" | "stall" | "error" | "garble" | `hostile-${string}`;

/** A plugin under test, as far as every kind has it. */
export type TestedPlugin = {
  readonly scan: (order: Message<"scan">) => void;
  readonly onDrain: () => void;
  readonly stop: () => void;
};

/** A chain of one kind with a way to make gateway events, and a plugin maker. */
export type PluginWorld = {
  readonly chain: string;
  /** Blocks on top of an event before it counts. */
  readonly depth: number;
  /** Makes `count` events, in one block where the chain can, and finality on top; answers their ids, each unique. */
  readonly emit: (count: number) => Promise<readonly string[]>;
  readonly emptyBlocks: (count: number) => Promise<void>;
  readonly height: () => Promise<bigint>;
  readonly setNode: (mode: NodeMode) => Promise<void>;
  /** Modes in which the node's answers are hostile. */
  readonly hostileModes: readonly NodeMode[];
  readonly makePlugin: (ports: { readonly say: (name: string, message: unknown) => boolean; readonly log: Log }) => TestedPlugin;
  /** Verifies a piece of evidence and answers the ids of its events. Throws when it proves nothing. */
  readonly prove: (piece: Message<"observed">["blocks"][number]) => readonly string[];
  readonly stop: () => Promise<void>;
};

const WAIT_MS = 20_000;
const LOOK_MS = 10;
const MANY_GRANTS = 1000;
/** Growth of the process that hostile answers may cause. */
const MAX_GROWTH_BYTES = 192 * 1024 * 1024;

const until = async (what: string, holds: () => boolean): Promise<void> => {
  const end = performance.now() + WAIT_MS;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`within ${WAIT_MS} ms it did not come to hold: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
};

type Session = {
  readonly plugin: TestedPlugin;
  /** Ids of proven events in the order told. */
  readonly events: () => readonly string[];
  readonly messages: () => number;
  /** First block that is not covered yet. */
  readonly next: () => bigint;
  readonly logged: () => readonly string[];
  /** Facts of everything logged, as text. */
  readonly facts: () => string;
  isFull: boolean;
};

const openSession = (t: TestContext, world: PluginWorld, from: bigint, grants = MANY_GRANTS): Session => {
  const events: string[] = [];
  const logged: [string, Readonly<Record<string, Fact>>][] = [];
  let messages = 0;
  let next = from;
  const note = (event: string, facts: Readonly<Record<string, Fact>> = {}): void => {
    logged.push([event, facts]);
  };
  const plugin = world.makePlugin({
    log: { info: note, warn: note, alarm: note },
    say: (name, message) => {
      if (session.isFull) return false;
      if (name !== "observed") return true;
      const told = message as Message<"observed">; // the plugin's word, checked below
      assert.equal(told.chain, world.chain);
      assert.equal(told.from, next, "ranges follow each other without a gap or an overlap");
      assert.ok(told.to >= told.from);
      let last = told.from - 1n;
      for (const piece of told.blocks) {
        assert.ok(piece.height > last && piece.height <= told.to, "blocks ascend within their range");
        last = piece.height;
        events.push(...world.prove(piece));
      }
      next = told.to + 1n;
      messages += 1;
      return true;
    },
  });
  const session: Session = {
    plugin,
    events: () => events,
    messages: () => messages,
    next: () => next,
    logged: () => logged.map(([event]) => event),
    facts: () => JSON.stringify(logged, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value)),
    isFull: false,
  };
  t.after(() => plugin.stop());
  plugin.scan({ chain: world.chain, from, grants, restart: true });
  return session;
};

/** The contract every chain plugin passes: nothing lost, nothing twice, nothing without a grant, bounded memory. */
export const pluginSuite = (name: string, makeWorld: () => Promise<PluginWorld>): void => {
  describe(`plugin contract: ${name}`, () => {
    let world: PluginWorld;
    before(async () => {
      world = await makeWorld();
    });
    after(async () => {
      await world.stop();
    });

    test("events before and after the start come once, in order, proven", async (t) => {
      const from = await world.height();
      const early = await world.emit(3);
      const session = openSession(t, world, from);
      await until("the early events", () => session.events().length === 3);
      const late = [...(await world.emit(20)), ...(await world.emit(1))];
      await until("the late events", () => session.events().length >= 24);
      assert.deepEqual(session.events(), [...early, ...late]);
    });

    test("blocks without events move the cursor", async (t) => {
      const from = (await world.height()) + 1n;
      const session = openSession(t, world, from);
      await world.emptyBlocks(5 + world.depth);
      const height = await world.height();
      await until("the range", () => session.next() === height - BigInt(world.depth) + 1n);
      assert.deepEqual(session.events(), []);
    });

    test("a gap of hundreds of blocks is caught up with", async (t) => {
      const from = await world.height();
      const ids = [...(await world.emit(2))];
      await world.emptyBlocks(150);
      ids.push(...(await world.emit(2)));
      await world.emptyBlocks(150);
      ids.push(...(await world.emit(2)));
      const session = openSession(t, world, from);
      await until("six events", () => session.events().length >= 6);
      assert.deepEqual(session.events(), ids);
    });

    test("without a grant nothing is told", async (t) => {
      const from = await world.height();
      const ids = [...(await world.emit(1))];
      const session = openSession(t, world, from, 1);
      await until("the first message", () => session.messages() === 1);
      ids.push(...(await world.emit(1)));
      ids.push(...(await world.emit(1)));
      await new Promise((resolve) => setTimeout(resolve, 500));
      assert.equal(session.messages(), 1);
      session.plugin.scan({ chain: world.chain, from: session.next(), grants: 10, restart: false });
      await until("the others", () => session.events().length >= ids.length);
      assert.deepEqual(session.events(), ids);
    });

    test("a full channel loses nothing", async (t) => {
      const from = (await world.height()) + 1n;
      const session = openSession(t, world, from);
      session.isFull = true;
      const ids = [...(await world.emit(2)), ...(await world.emit(2))];
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.equal(session.messages(), 0);
      session.isFull = false;
      session.plugin.onDrain();
      await until("four events", () => session.events().length >= 4);
      assert.deepEqual(session.events(), ids);
    });

    for (const mode of ["cut", "stall", "error", "garble"] as const) {
      test(`a node that turns to "${mode}" and back loses no event and makes none twice`, async (t) => {
        t.after(async () => world.setNode("pass"));
        const from = (await world.height()) + 1n;
        const session = openSession(t, world, from);
        const ids = [...(await world.emit(1))];
        await until("the first event", () => session.events().length === 1);
        await world.setNode(mode);
        ids.push(...(await world.emit(3)));
        await new Promise((resolve) => setTimeout(resolve, 200));
        await world.setNode("pass");
        ids.push(...(await world.emit(3)));
        await until("all events", () => session.events().length >= ids.length);
        assert.deepEqual(session.events(), ids);
      });
    }

    test("a plugin that starts anew needs nothing but a block to scan from", async (t) => {
      const from = (await world.height()) + 1n;
      const first = openSession(t, world, from);
      const ids = await world.emit(4);
      await until("the events", () => first.events().length === 4);
      first.plugin.stop();
      const second = openSession(t, world, from);
      await until("the events again", () => second.events().length >= 4);
      assert.deepEqual(second.events(), ids);
    });

    test("hostile answers of a node give coded words in the log, no event, and bounded memory", async (t) => {
      t.after(async () => world.setNode("pass"));
      const from = (await world.height()) + 1n;
      const session = openSession(t, world, from);
      const ids = await world.emit(1);
      await until("the honest event", () => session.events().length === 1);
      const before = process.memoryUsage().rss;
      for (const mode of world.hostileModes) {
        const events = session.logged().length;
        await world.setNode(mode);
        await until(`a coded word about ${mode}`, () => session.logged().length > events);
        await new Promise((resolve) => setTimeout(resolve, 200));
        await world.setNode("pass");
      }
      const more = await world.emit(1);
      await until("the next honest event", () => session.events().length >= 2);
      assert.deepEqual(session.events(), [...ids, ...more]);
      assert.ok(process.memoryUsage().rss - before < MAX_GROWTH_BYTES, "memory stays bounded");
      assert.ok(!session.facts().includes("HOSTILE"), "no raw foreign text is logged");
    });
  });
};
