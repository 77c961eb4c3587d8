import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Clock, type Log } from "@crossguardian/kernel";
import { type Message, NO_PROFILES } from "@crossguardian/wire";
import { checkSelfTest, makeOverseer, type ManagedDomain, type ManagedHouse, type ResponseRecord } from "../src/index.ts";

const domain: ManagedDomain = { name: "relay", kind: "relay", chain: null, port: 2, standbyOf: null, role: "", network: "none", jailed: true, isolation: "oci", cpuQuotaPercent: null, keyLifetimeDays: null, allocation: {}, config: new Uint8Array([1]) };
const house: ManagedHouse = { house: "h", instance: "i-h", production: false, detection: "act", access: null, profiles: null, checkpoint: null, whitelisting: false, logs: "/nowhere", domains: [domain] };
const hello = (more: Partial<Message<"hello">> = {}): Message<"hello"> => ({
  domain: "relay", pid: 1, seccomp: 2, noNewPrivs: 1, capEff: "0000000000000000", uidMap: "0 1879048192 65536", netDevices: ["lo"],
  openFds: ["0 /dev/null", "1 socket:[1]", "2 socket:[2]", "3 socket:[3]", "4 anon_inode:[eventpoll]", "5 pipe:[9]"], startedMs: 1n, epoch: 5n, ...more,
});

const setUp = (wanted: ManagedHouse = house) => {
  let nowMs = 0;
  let timers: { atMs: number; run: () => void }[] = [];
  const clock: Clock = {
    wallMs: () => nowMs,
    monotonicMs: () => nowMs,
    after: (delayMs, run) => {
      const timer = { atMs: nowMs + delayMs, run };
      timers.push(timer);
      return () => (timers = timers.filter((each) => each !== timer));
    },
  };
  /** Timers run at their time, as on a machine that keeps up. */
  const move = (ms: number): void => {
    const untilMs = nowMs + ms;
    for (;;) {
      const next = timers.filter(({ atMs }) => atMs <= untilMs).sort((one, other) => one.atMs - other.atMs)[0];
      if (next === undefined) break;
      timers = timers.filter((each) => each !== next);
      nowMs = Math.max(nowMs, next.atMs);
      next.run();
    }
    nowMs = untilMs;
  };
  /** All of it passes at once: the process stood still. */
  const standStill = (ms: number): void => {
    nowMs += ms;
    const due = timers.filter(({ atMs }) => atMs <= nowMs);
    timers = timers.filter(({ atMs }) => atMs > nowMs);
    for (const { run } of due) run();
  };
  const sent: [number, string, unknown][] = [];
  const told: Record<string, unknown>[] = [];
  const kept: string[] = [];
  const responses: ResponseRecord[] = [];
  const events: string[] = [];
  const handlers = new Map<string, (port: number, message: never) => void>();
  const write = (event: string): void => void events.push(event);
  const log: Log = { info: write, warn: write, alarm: write };
  const overseer = makeOverseer(wanted, {
    clock,
    log,
    channel: {
      send: (port, name, message) => {
        sent.push([port, name, message]);
        return true;
      },
      on: (name, handler) => void handlers.set(name, handler),
    },
    permits: () => true,
    security: () => NO_PROFILES,
    random: { bytes: (length) => new Uint8Array(length) },
    tellLauncher: (line) => told.push(line),
    keepLine: (name, line) => kept.push(`${name} ${line.event}`),
    lookAt: () => null,
    keepResponse: (record) => void responses.push(record),
    keepLoan: () => undefined,
  });
  const receive = (name: string, port: number, message: unknown): void => handlers.get(name)?.(port, message as never);
  const started = (more: { fresh?: boolean; admitted?: boolean } = {}): void =>
    overseer.onLauncher({ type: "started", name: "relay", epoch: 5n, pid: 0, fresh: true, admitted: false, held: [], ...more });
  const cutOff = (epoch = 5n): void => receive("cutOff", 255, { port: 2, epoch, cause: "switch.flow.denied", passed: 3n, atMs: 77n, tookUs: 40 });
  const portEvent = (event: string, count: bigint): void => receive("portEvent", 255, { port: 2, name: "relay", event, count });
  return { overseer, receive, started, portEvent, cutOff, move, standStill, sent, told, kept, responses, events, names: () => sent.map(([port, name]) => `${name}>${String(port)}`) };
};

describe("a domain's self-test", () => {
  test("that shows the jail it was given is accepted", () => assert.deepEqual(checkSelfTest(domain, hello()), []));

  test("of a domain that runs already and has files of its volume open is accepted: a new management process does not end it", () => {
    assert.deepEqual(checkSelfTest(domain, hello({ openFds: ["3 socket:[3]", "19 /data/journal", "20 /data/log/votes.log", "21 /data/journal.next (deleted)"] })), []);
  });

  test("of a running domain that has the host's network may show its connections, that of any other may not", () => {
    const connected = hello({ openFds: ["3 socket:[3]", "22 socket:[77]"] });
    assert.deepEqual(checkSelfTest({ ...domain, network: "host" }, connected), []);
    assert.deepEqual(checkSelfTest(domain, connected), ["fd 22"]);
  });

  const wrong: readonly (readonly [string, Partial<Message<"hello">>])[] = [
    ["another name", { domain: "plugin" }],
    ["no system-call filter", { seccomp: 0 }],
    ["new privileges possible", { noNewPrivs: 0 }],
    ["a capability", { capEff: "0000000000000001" }],
    ["unreadable capabilities", { capEff: "unreadable" }],
    ["the host's users", { uidMap: "0 0 4294967295" }],
    ["a network device", { netDevices: ["lo", "eth0"] }],
    ["unreadable devices", { netDevices: ["unreadable"] }],
    ["a descriptor too many", { openFds: ["3 socket:[3]", "7 socket:[8]"] }],
    ["an open file", { openFds: ["3 socket:[3]", "7 /etc/passwd"] }],
    ["an open folder outside its volume", { openFds: ["3 socket:[3]", "7 /database/x"] }],
    ["unreadable descriptors", { openFds: ["unreadable"] }],
  ];
  for (const [what, more] of wrong) {
    test(`that shows ${what} is not`, () => assert.equal(checkSelfTest(domain, hello(more)).length, 1));
  }

  test("under gVisor is believed about what gVisor's kernel tells, and has its channel as descriptor 0", () => {
    const inside = { ...domain, isolation: "gvisor" };
    const told = hello({ noNewPrivs: 255, uidMap: "0 0 4294967295", openFds: ["0 host:[1]", "1 host:[2]", "2 host:[3]", "3 anon_inode:[eventpoll]"] });
    assert.deepEqual(checkSelfTest(inside, told), []);
    assert.deepEqual(checkSelfTest(inside, { ...told, seccomp: 0 }), ["seccomp 0"]);
    assert.deepEqual(checkSelfTest(inside, { ...told, openFds: ["0 host:[1]", "3 socket:[3]"] }), ["fd 3"]);
    assert.equal(checkSelfTest(domain, told).length, 3);
  });

  test("of a network domain must show no capability, and of an un-isolated one only its name", () => {
    const network = { ...domain, kind: "network", jailed: false };
    const unjailed = { ...domain, jailed: false };
    const free = hello({ seccomp: 0, capEff: "000001ffffffffff", noNewPrivs: 0, netDevices: ["lo", "eth0"] });
    assert.equal(checkSelfTest(network, free).length, 2);
    assert.deepEqual(checkSelfTest(unjailed, free), []);
    assert.equal(checkSelfTest(unjailed, hello({ domain: "x" })).length, 1);
  });
});

describe("management", () => {
  test("routes and starts a domain after its self-test, not before", () => {
    const { receive, started, names, told } = setUp();
    started();
    assert.deepEqual(names(), []);
    receive("hello", 2, hello());
    assert.deepEqual(names(), ["admit>255", "start>2"]);
    assert.deepEqual(told, [{ type: "admitted", name: "relay", epoch: "5" }]);
  });

  test("judges a hello that came before the launcher's word about the same instance, and no other", () => {
    const first = setUp();
    first.receive("hello", 2, hello());
    assert.deepEqual(first.names(), []);
    first.started();
    assert.deepEqual(first.names(), ["admit>255", "start>2"]);
    const second = setUp();
    second.receive("hello", 2, hello({ epoch: 4n }));
    second.started();
    assert.deepEqual(second.names(), []);
    second.receive("hello", 2, hello({ epoch: 4n }));
    assert.deepEqual(second.names(), []);
    assert.ok(second.events.includes("hello.stale"));
    second.receive("hello", 2, hello());
    assert.deepEqual(second.names(), ["admit>255", "start>2"]);
  });

  test("keeps the next instance's hello until the launcher told that the present one ended", () => {
    const { overseer, receive, started, sent } = setUp();
    started();
    receive("hello", 2, hello());
    sent.length = 0;
    receive("hello", 2, hello({ epoch: 6n }));
    assert.deepEqual(sent, []);
    overseer.onLauncher({ type: "ended", name: "relay", epoch: 5n });
    overseer.onLauncher({ type: "started", name: "relay", epoch: 6n, pid: 0, fresh: true, admitted: false, held: [] });
    assert.deepEqual(sent[0], [255, "admit", { port: 2, open: 1, epoch: 6n }]);
  });

  test("refuses a domain whose jail is not the specified one", () => {
    const { receive, started, sent, told } = setUp();
    started();
    receive("hello", 2, hello({ seccomp: 0 }));
    assert.deepEqual(sent, [[255, "admit", { port: 2, open: 0, epoch: 5n }]]);
    assert.deepEqual(told, [{ type: "refused", name: "relay", epoch: "5", why: "seccomp 0" }]);
  });

  test("takes over what its predecessor admitted, and judges it again", () => {
    const { receive, started, names } = setUp();
    started({ fresh: false, admitted: true });
    assert.deepEqual(names(), ["admit>255", "control>2"]);
    receive("hello", 2, hello());
    assert.deepEqual(names().slice(2), ["admit>255", "start>2"]);
  });

  test("admits everything again at a replaced switch", () => {
    const { receive, started, portEvent, names, sent } = setUp();
    portEvent("switch.started", 0n);
    started();
    portEvent("port.attached", 5n);
    receive("hello", 2, hello());
    sent.length = 0;
    portEvent("switch.started", 0n);
    portEvent("port.attached", 4n);
    assert.deepEqual(names(), []);
    portEvent("port.attached", 5n);
    assert.deepEqual(names(), ["admit>255"]);
  });

  test("freezes what the switch cut off, once however often it is told, and keeps it when its standby is reported in its place", () => {
    const { overseer, receive, started, portEvent, cutOff, told, responses } = setUp({ ...house, domains: [domain, { ...domain, name: "relay-standby", port: 8, standbyOf: "relay" }] });
    started();
    receive("hello", 2, hello());
    portEvent("port.active", 5n);
    overseer.onLauncher({ type: "started", name: "relay-standby", epoch: 6n, pid: 0, fresh: true, admitted: false, held: [] });
    receive("hello", 8, hello({ domain: "relay-standby", epoch: 6n }));
    told.length = 0;
    cutOff(4n);
    assert.deepEqual(told, []);
    cutOff();
    cutOff();
    receive("portEvent", 255, { port: 8, name: "relay-standby", event: "port.active", count: 6n });
    assert.deepEqual(told.filter(({ type }) => type === "hold" || type === "restart").map(({ name, step }) => [name, step]), [["relay", "quarantine"], ["relay", "freeze"]]);
    assert.deepEqual(responses.map(({ atMs, step, outcome, tookMs }) => [atMs, step, outcome, tookMs]).slice(0, 2), [[77, "quarantine", "ordered", null], [77, "quarantine", "done", 0.04]]);
  });

  test("starts a standby anew that is older than the one in its role's place, whichever of both it hears of first, and no other", () => {
    const standby = { ...domain, name: "relay-standby", port: 8, standbyOf: "relay" };
    const restarts = (epoch: bigint, isStandbyFirst: boolean): readonly unknown[] => {
      const { overseer, receive, started, portEvent, told } = setUp({ ...house, domains: [domain, standby] });
      const standbyComes = (): void => {
        overseer.onLauncher({ type: "started", name: "relay-standby", epoch, pid: 0, fresh: true, admitted: false, held: [] });
        receive("hello", 8, hello({ domain: "relay-standby", epoch }));
      };
      if (isStandbyFirst) standbyComes();
      started();
      receive("hello", 2, hello());
      portEvent("port.active", 5n);
      if (!isStandbyFirst) standbyComes();
      return told.filter(({ type }) => type === "restart").map(({ name, epoch: of }) => [name, of]);
    };
    for (const isStandbyFirst of [true, false]) {
      assert.deepEqual(restarts(4n, isStandbyFirst), [["relay-standby", "4"]]);
      assert.deepEqual(restarts(6n, isStandbyFirst), []);
    }
  });

  test("starts anew what the switch cut off where there is no standby", () => {
    const { receive, started, portEvent, cutOff, told } = setUp();
    started();
    receive("hello", 2, hello());
    portEvent("port.active", 5n);
    cutOff();
    assert.deepEqual(told.filter(({ type }) => type === "restart").map(({ name, why }) => [name, why]), [["relay", "detector: switch.flow.denied"]]);
  });

  test("does not take port events from a domain", () => {
    const { receive, started, sent } = setUp();
    started();
    receive("hello", 2, hello());
    sent.length = 0;
    for (const event of ["switch.started", "switch.started", "port.attached"]) receive("portEvent", 2, { port: 2, name: "relay", event, count: 5n });
    assert.deepEqual(sent, []);
  });

  test("reports a silent domain once and has it restarted later", () => {
    const { overseer, receive, started, move, events, told } = setUp();
    overseer.begin();
    started();
    receive("hello", 2, hello());
    for (let at = 0; at < 5; at += 1) move(500);
    assert.equal(events.filter((event) => event === "heartbeat.missed").length, 1);
    receive("heartbeat", 2, { sequence: 1n, gauges: [] });
    for (let at = 0; at < 20; at += 1) move(500);
    assert.deepEqual(told.filter(({ type }) => type === "restart"), [{ type: "restart", name: "relay", epoch: "5", why: "silent" }]);
  });

  test("blames nobody when it stood still itself", () => {
    const { overseer, receive, started, standStill, told } = setUp();
    overseer.begin();
    started();
    receive("hello", 2, hello());
    standStill(60_000);
    assert.deepEqual(told.filter(({ type }) => type === "restart"), []);
  });

  test("has a domain restarted that is alive and does not do its work, and says who held what against it", () => {
    const plugin: ManagedDomain = { ...domain, name: "plugin-a", kind: "plugin", port: 3 };
    const interaction: ManagedDomain = { ...domain, name: "interaction", kind: "interaction", port: 4 };
    const { overseer, receive, move, events, told } = setUp({ ...house, domains: [plugin, interaction] });
    overseer.begin();
    for (const { name, port } of [plugin, interaction]) {
      overseer.onLauncher({ type: "started", name, epoch: 5n, pid: 0, fresh: true, admitted: false, held: [] });
      receive("hello", port, hello({ domain: name }));
    }
    const beat = (seconds: number, waits: bigint): void => {
      for (let at = 0; at < seconds * 2; at += 1) {
        receive("heartbeat", 3, { sequence: 1n, gauges: [{ name: "waits.scan", value: waits }] });
        receive("heartbeat", 4, { sequence: 1n, gauges: [{ name: "owed.plugin-a.scan", value: 60_000n }] });
        move(500);
      }
    };
    beat(60, 1n);
    assert.deepEqual(told.filter(({ type }) => type === "restart"), []);
    beat(16, 0n);
    assert.deepEqual(told.filter(({ type }) => type === "restart"), [{ type: "restart", name: "plugin-a", epoch: "5", why: "stalled: scan" }]);
    assert.equal(events.filter((event) => event === "management.domain.stalled").length, 1);
    overseer.onLauncher({ type: "ended", name: "plugin-a", epoch: 5n });
    overseer.onLauncher({ type: "started", name: "plugin-a", epoch: 6n, pid: 0, fresh: true, admitted: false, held: [] });
    receive("hello", 3, hello({ domain: "plugin-a", epoch: 6n }));
    beat(14, 0n);
    assert.equal(told.filter(({ type }) => type === "restart").length, 1);
  });

  test("hands questions to a domain and answers back, once each", () => {
    const { overseer, receive, started, told } = setUp();
    overseer.onLauncher({ type: "ask", id: 1, domain: "relay", command: "who", argument: "" });
    assert.deepEqual(told.at(-1), { type: "answer", id: 1, ok: false, answer: "management.domain.absent" });
    started();
    receive("hello", 2, hello());
    overseer.onLauncher({ type: "ask", id: 2, domain: "relay", command: "who", argument: "" });
    const answer = { command: "who", answer: new TextEncoder().encode('{"a":1}') };
    receive("controlAnswer", 2, answer);
    receive("controlAnswer", 2, answer);
    overseer.onLauncher({ type: "ask", id: 3, domain: "relay", command: "readBody", argument: "" });
    assert.deepEqual(told.pop(), { type: "answer", id: 3, ok: false, answer: "access.order.needed" });
    assert.deepEqual(told.slice(-1), [{ type: "answer", id: 2, ok: true, answer: '{"a":1}' }]);
  });

  test("fails a question whose domain ends, is late, or does not answer text", () => {
    const { overseer, receive, started, move, told } = setUp();
    const ask = (id: number): void => overseer.onLauncher({ type: "ask", id, domain: "relay", command: "who", argument: "" });
    started();
    receive("hello", 2, hello());
    ask(1);
    receive("controlAnswer", 2, { command: "who", answer: new Uint8Array([0xff]) });
    ask(2);
    move(8_000);
    ask(3);
    overseer.onLauncher({ type: "ended", name: "relay", epoch: 5n });
    assert.deepEqual(told.slice(-3).map(({ answer }) => answer), ["management.answer.malformed", "management.answer.late", "management.domain.absent"]);
  });

  test("keeps log lines under the domain's name as the switch states it", () => {
    const { receive, kept } = setUp();
    receive("logLine", 2, { level: 0, event: "a", facts: [] });
    receive("logLine", 9, { level: 0, event: "b", facts: [] });
    assert.deepEqual(kept, ["relay a"]);
  });
});
