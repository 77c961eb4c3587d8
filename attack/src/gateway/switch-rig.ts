import { readFileSync } from "node:fs";
import { join } from "node:path";

import { makeNamedChannel, makePortChannel, makePortNames } from "@crossguardian/frontend";
import { neighboursOf } from "@crossguardian/domain-management";
import { type Clock } from "@crossguardian/kernel";
import { makePolicy, makeSwitch, type PortFacts, type PortLink } from "@crossguardian/switch";
import { bounds, encodeFrameHeader, encodeMessage, makeFrameDecoder, type MessageName, MESSAGES } from "@crossguardian/wire";
import { POLICY_DIR } from "@crossguardian/world";

import { type Layer } from "../cell/layers.ts";

/** The ports of a gateway with two chains, by name. */
export const PORTS = {
  management: { number: 0, kind: "management", chain: null },
  network: { number: 1, kind: "network", chain: null },
  "plugin-a": { number: 2, kind: "plugin", chain: "A" },
  "plugin-b": { number: 3, kind: "plugin", chain: "B" },
  "witness-a-1": { number: 4, kind: "witness", chain: "A" },
  "witness-b-1": { number: 5, kind: "witness", chain: "B" },
  interaction: { number: 6, kind: "interaction", chain: null },
  relay: { number: 7, kind: "relay", chain: null },
  "module-a-asset": { number: 8, kind: "module", chain: "A" },
  "module-a-data": { number: 9, kind: "module", chain: "A" },
} as const satisfies Readonly<Record<string, Pick<PortFacts, "number" | "kind" | "chain">>>;
/** Name of one of {@link PORTS}. */
export type PortName = keyof typeof PORTS;

/** Messages that each kind of domain takes at all, and from whom: as its main.ts and the front end register them. */
const TAKES: Readonly<Record<(typeof PORTS)[PortName]["kind"], readonly MessageName[]>> = {
  // Events of ports it takes of the switch alone (domains/management/test/oversee.test.ts).
  management: ["hello", "heartbeat", "logLine", "controlAnswer"],
  network: ["open", "data", "credit", "close"],
  plugin: ["scan", "submit", "query", "privateBodyTaken", "open", "data", "credit", "close"],
  module: ["submit", "query", "privateBodyTaken", "open", "data", "credit", "close"],
  witness: ["wantHeaders", "data", "credit", "close"],
  interaction: ["headerReport", "observed", "submitted", "decided", "privateBody", "block", "publishAck"],
  relay: ["publish", "wantBlocks", "data", "credit", "close"],
};

/** A frame as an attacker writes it. */
export type HostileFrame = { readonly from: PortName; readonly to: PortName; readonly bytes: (port: number) => Uint8Array };

/** Bytes of a frame with this message. */
export const frameOf = (name: MessageName, message: unknown) => (port: number): Uint8Array => {
  const { number, codec } = MESSAGES[name];
  const payload = encodeMessage(codec as never, message as never); // one entry of MESSAGES
  return Buffer.concat([encodeFrameHeader(number, port, payload.length), payload]);
};

/** Bytes of a frame with any payload under the number of a message. */
export const rawFrame = (kind: number, payload: Uint8Array) => (port: number): Uint8Array => Buffer.concat([encodeFrameHeader(kind, port, payload.length), payload]);

// As loose as the parser takes it: whoever is admitted may say everything to everybody.
const ALLOW_ALL = (policy: string): string =>
  [`1 * * ${Object.keys(MESSAGES).join(",")} # no policy`, "900 * * deny # default", ...policy.split("\n").filter((line) => line.startsWith("limit "))].join("\n");

const stillClock: Clock = { wallMs: () => 0, monotonicMs: () => 0, after: () => () => undefined };

type Ends = { readonly say: (name: PortName, bytes: Uint8Array) => void; readonly heard: (name: PortName) => readonly Uint8Array[] };

const switched = (policyText: string): Ends => {
  const soon: (() => void)[] = [];
  const turn = (): void => {
    while (soon.length > 0) for (const run of soon.splice(0)) run();
  };
  const theSwitch = makeSwitch({ policy: makePolicy(policyText), cutsOff: false, clock: stillClock, soon: (run) => void soon.push(run), onTorn: () => undefined, onActive: () => undefined, onServed: () => undefined });
  const heard = new Map<PortName, Uint8Array[]>();
  const speak = new Map<PortName, (bytes: Uint8Array) => void>();
  for (const [name, facts] of Object.entries(PORTS) as [PortName, (typeof PORTS)[PortName]][]) {
    const pieces: Uint8Array[] = [];
    heard.set(name, pieces);
    const link: PortLink = {
      write: (written) => pieces.push(...written.map((piece) => Uint8Array.from(piece))),
      isFull: () => false,
      onDrain: () => undefined,
      onBytes: (handler) => speak.set(name, handler),
      onEnd: () => undefined,
      pause: () => undefined,
      resume: () => undefined,
      destroy: () => speak.delete(name),
    };
    theSwitch.attach({ ...facts, name, epoch: 1n, role: facts.number, isFirst: true }, link);
    turn();
  }
  const say: Ends["say"] = (name, bytes) => {
    speak.get(name)?.(bytes);
    turn();
  };
  for (const { number } of Object.values(PORTS).filter(({ number: each }) => each !== 0)) say("management", frameOf("admit", { port: number, open: 1, epoch: 1n })(bounds.SWITCH_PORT));
  for (const pieces of heard.values()) pieces.splice(0);
  return { say, heard: (name) => heard.get(name) ?? [] };
};

/** What a domain without any decoder takes: whatever comes with more than the header of a frame. */
const credulous = (pieces: readonly Uint8Array[]): number => {
  const decoder = makeFrameDecoder(() => Number.MAX_SAFE_INTEGER);
  const frames = decoder.push(Buffer.concat(pieces));
  if (!frames.ok || decoder.pendingBytes() > 0) return 1;
  return frames.value.filter(({ port }) => port !== bounds.SWITCH_PORT).length; // what the switch itself says is no attack
};

/** How often the front end of the domain hands a message to what is registered in it. */
const takenBy = (name: PortName, pieces: readonly Uint8Array[]): number => {
  let taken = 0;
  let onBytes: (piece: Uint8Array) => void = () => undefined;
  const ports = makePortChannel({
    link: { write: () => undefined, isFull: () => false, onDrain: () => undefined, onBytes: (handler) => (onBytes = handler) },
    soon: (run) => run(),
    nowMs: () => performance.now(),
    origins: "any", // as if the sender were up: the names alone are to refuse
    onRefused: () => undefined,
    onTorn: () => undefined,
  });
  const names = makePortNames();
  names.replace(namesFor(name));
  const channel = makeNamedChannel(ports, names, () => undefined);
  for (const message of TAKES[PORTS[name].kind]) channel.on(message, () => (taken += 1));
  ports.stopHolding();
  for (const piece of pieces) onBytes(piece);
  return taken;
};

/** Ports that management names to a domain when it starts. */
const namesFor = (name: PortName): ReturnType<typeof neighboursOf> =>
  neighboursOf({ ...PORTS[name], name }, Object.entries(PORTS).map(([each, { number, kind }]) => ({ name: each, kind, port: number })));

/** What arrives where a frame is sent to, through the switch with its real policy. */
export const deliver = (from: PortName, to: PortName, bytes: HostileFrame["bytes"]): readonly Uint8Array[] => {
  const ends = switched(readFileSync(join(POLICY_DIR, "gateway.flow"), "utf8"));
  ends.say(from, bytes(PORTS[to].number));
  return ends.heard(to);
};

/** Whether a hostile frame has any effect on the domain it is meant for. Without the layer `switch`: one without a policy, and for a spoofed origin no switch. */
export const frameSucceeds = (layers: ReadonlySet<Layer>, { from, to, bytes }: HostileFrame, claims?: PortName): boolean => {
  const policy = readFileSync(join(POLICY_DIR, "gateway.flow"), "utf8");
  let pieces: readonly Uint8Array[];
  if (layers.has("switch")) {
    const ends = switched(policy);
    ends.say(from, bytes(PORTS[to].number));
    pieces = ends.heard(to);
  } else if (claims !== undefined || layers.size === 0) pieces = [bytes(PORTS[claims ?? from].number)];
  else {
    const ends = switched(ALLOW_ALL(policy));
    ends.say(from, bytes(PORTS[to].number));
    pieces = ends.heard(to);
  }
  return (layers.has("receiver") ? takenBy(to, pieces) : credulous(pieces)) > 0;
};
