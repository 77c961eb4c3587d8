import { CODEC_POISONS, type Poison } from "../gateway/poisons.ts";
import { frameOf, frameSucceeds, type PortName } from "../gateway/switch-rig.ts";
import { type GatewayProbe } from "../probe.ts";
import { type MessageName } from "@crossguardian/wire";

const ZERO32 = new Uint8Array(32);
const ATTESTATION = { header: { epoch: 1n, height: 9n, prevHash: ZERO32, tickMs: 1n, entriesRoot: ZERO32 }, signatures: [] };

/** Messages that the sender has no business with. */
const FORBIDDEN: readonly (readonly [from: PortName, to: PortName, name: MessageName, message: unknown, says: string])[] = [
  ["plugin-a", "relay", "publish", { content: ZERO32, signature: new Uint8Array(65) }, "a plugin publishes to the relay chain past the interaction domain"],
  ["plugin-a", "relay", "wantBlocks", { from: 1n }, "a plugin orders blocks of the relay domain"],
  ["plugin-a", "relay", "observed", { chain: "A", from: 1n, to: 1n, blocks: [] }, "a plugin sends events to the relay domain"],
  ["plugin-a", "plugin-b", "submit", { chain: "B", id: 1n, call: 1, attestation: ATTESTATION, entries: [], bodies: [], results: [] }, "a plugin has another chain's plugin submit"],
  ["plugin-a", "plugin-b", "scan", { chain: "B", from: 1n, grants: 1, restart: true }, "a plugin has another chain's plugin scan"],
  ["plugin-a", "plugin-b", "privateBodyTaken", { chain: "B", bodyHash: ZERO32, code: "" }, "a plugin answers another chain's intake"],
  ["plugin-a", "witness-a-1", "wantHeaders", { chain: "A", from: 1n }, "a plugin orders headers of its witness"],
  ["plugin-a", "witness-b-1", "wantHeaders", { chain: "B", from: 1n }, "a plugin orders headers of another chain's witness"],
  ["witness-a-1", "relay", "wantBlocks", { from: 1n }, "a witness orders blocks of the relay domain"],
  ["witness-a-1", "plugin-a", "scan", { chain: "A", from: 1n, grants: 1, restart: true }, "a witness has the plugin scan"],
  ["relay", "plugin-a", "submit", { chain: "A", id: 1n, call: 1, attestation: ATTESTATION, entries: [], bodies: [], results: [] }, "the relay domain has a plugin submit"],
  ["relay", "witness-a-1", "wantHeaders", { chain: "A", from: 1n }, "the relay domain orders headers of a witness"],
  ["network", "management", "observed", { chain: "A", from: 1n, to: 1n, blocks: [] }, "the network domain sends events to management"],
  ["plugin-a", "network", "observed", { chain: "A", from: 1n, to: 1n, blocks: [] }, "a plugin sends events to the network domain"],
  ["plugin-a", "management", "portEvent", { port: 7, name: "relay", event: "port.gone", count: 1n }, "a plugin reports ports to management as if it were the switch"],
  ["module-a-asset", "module-a-data", "submit", { chain: "A", id: 1n, call: 1, attestation: ATTESTATION, entries: [], bodies: [], results: [] }, "a module has another module of its plugin submit"],
  ["module-a-asset", "module-a-data", "privateBodyTaken", { chain: "A", bodyHash: ZERO32, code: "" }, "a module answers another module's intake"],
  ["module-a-asset", "plugin-a", "scan", { chain: "A", from: 1n, grants: 1, restart: true }, "a module has its plugin scan"],
  ["module-a-asset", "relay", "publish", { content: ZERO32, signature: new Uint8Array(65) }, "a module publishes to the relay chain past the interaction domain"],
  ["plugin-a", "module-a-data", "submit", { chain: "A", id: 1n, call: 1, attestation: ATTESTATION, entries: [], bodies: [], results: [] }, "a plugin has a module of its own submit"],
  ["relay", "plugin-b", "query", { chain: "B", id: 1n, pairs: [] }, "the relay domain questions a plugin"],
];

const forbidden: readonly GatewayProbe[] = FORBIDDEN.map(([from, to, name, message, says]) => ({
  id: `protocol.${from}-${to}-${name}`,
  group: "protocol",
  threat: "speak to a domain that one has no business with",
  says,
  layers: ["switch", "receiver"],
  succeeds: async (layers) => frameSucceeds(layers, { from, to, bytes: frameOf(name, message) }),
}));

const malformed = ({ what, says, bytes }: Poison): GatewayProbe => ({
  id: `protocol.${what}`,
  group: "protocol",
  threat: "break a decoder",
  says,
  layers: ["switch", "receiver"],
  succeeds: async (layers) => frameSucceeds(layers, { from: "plugin-a", to: "interaction", bytes }),
});


/** Attacks by frames on the switch and on the domains behind it. */
export const FRAME_PROBES: readonly GatewayProbe[] = [...forbidden, ...CODEC_POISONS.map(malformed)];
