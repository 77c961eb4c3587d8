import { verifyEvmEvents } from "@crossguardian/proof";
import { checkAttestation, makeHeaderQuorum } from "@crossguardian/protocol";
import { type Message, type MessageName } from "@crossguardian/wire";
import { type World } from "@crossguardian/world";

import { frameOf, frameSucceeds, type PortName } from "../gateway/switch-rig.ts";
import { type GatewayProbe } from "../probe.ts";

const ZERO32 = new Uint8Array(32);
const GARBAGE = new Uint8Array(300).fill(0xa5);
const HEIGHT = 9n;

const OBSERVED = (chain: string): Message<"observed"> => ({ chain, from: HEIGHT, to: HEIGHT, blocks: [{ height: HEIGHT, evidence: GARBAGE, places: [{ tx: 0, log: 0 }] }] });
const BLOCK: Message<"block"> = { attestation: { header: { epoch: 1n, height: HEIGHT, prevHash: ZERO32, tickMs: 1n, entriesRoot: ZERO32 }, signatures: [] }, leaves: [], entries: [] };
const REPORT: Message<"headerReport"> = { chain: "A", tip: HEIGHT, headers: [{ height: HEIGHT, hash: ZERO32, parentHash: ZERO32 }] };

/** Whether what a message says would be believed: the checks of the interaction domain. */
const CHECKS = {
  observed: ({ hashes }: World) => verifyEvmEvents(hashes, GARBAGE, [{ tx: 0, log: 0 }]).ok,
  block: ({ hashes, crypto }: World) =>
    checkAttestation({ hashes, secp256k1: crypto.secp256k1 }, ZERO32, { epoch: 1n, validators: [new Uint8Array(20)], threshold: 1 }, BLOCK.attestation).ok,
  headerReport: () => {
    const quorum = makeHeaderQuorum("A", { n: 3, k: 2 });
    quorum.report("witness-a-1", REPORT.headers);
    return quorum.at(HEIGHT) !== null;
  },
} as const satisfies Partial<Record<MessageName, (world: World) => boolean>>;

type Words = { readonly observed: Message<"observed">; readonly block: Message<"block">; readonly headerReport: Message<"headerReport"> };
type Spoof = { readonly [N in keyof Words]: readonly [from: PortName, claims: PortName, name: N, message: Words[N], says: string] }[keyof Words];

/** Messages in another's name or about another's chain. Without the switch the sender writes its origin itself. */
const SPOOFED: readonly Spoof[] = [
  ["plugin-a", "plugin-b", "observed", OBSERVED("B"), "a plugin reports events in the name of another chain's plugin"],
  ["plugin-a", "plugin-a", "observed", OBSERVED("B"), "a plugin reports events of another chain"],
  ["plugin-b", "plugin-b", "observed", OBSERVED("A"), "the other plugin reports events of the first one's chain"],
  ["module-a-asset", "plugin-a", "observed", OBSERVED("A"), "a module reports events in the name of its plugin"],
  ["module-a-asset", "module-a-asset", "observed", OBSERVED("A"), "a module reports events"],
  ["plugin-a", "relay", "block", BLOCK, "a plugin hands in a relay block in the name of the relay domain"],
  ["witness-a-1", "relay", "block", BLOCK, "a witness hands in a relay block in the name of the relay domain"],
  ["plugin-a", "witness-a-1", "headerReport", REPORT, "a plugin bears witness in the name of a header witness"],
  ["relay", "witness-a-1", "headerReport", REPORT, "the relay domain bears witness in the name of a header witness"],
  ["witness-b-1", "witness-b-1", "headerReport", REPORT, "a witness reports headers of another chain"],
];

/** Spoofed origins, and chains that are not the sender's. */
export const spoofedProbes = (world: World): readonly GatewayProbe[] =>
  SPOOFED.map(([from, claims, name, message, says]) => ({
    id: `protocol.${from}-as-${claims}-${name}${from === claims ? "-foreign" : ""}`,
    group: "protocol",
    threat: "speak in another domain's name",
    says,
    layers: ["switch", "proof"],
    succeeds: async (layers) => {
      const frame = { from, to: "interaction", bytes: frameOf(name, message) } as const;
      const isThere = layers.has("switch") ? frameSucceeds(new Set(["switch"]), frame) : frameSucceeds(new Set(), frame, claims);
      return Promise.resolve(isThere && (!layers.has("proof") || CHECKS[name](world)));
    },
  }));
