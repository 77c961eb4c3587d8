// Takes the place of plugins/evm/src/main.ts in a sealed copy of the tree: the module of plugin-a is in an attacker's hands and does what it is told;
// everything else is as it was.
import { Buffer } from "node:buffer";
import process from "node:process";

import { runPlugin, runWitness } from "@crossguardian/domain-appchain";
import { type DomainPowers, runDomain } from "@crossguardian/frontend";
import { chainPackage } from "@crossguardian/plugin-evm";
import { type PluginConfig, pluginConfig, witnessConfig } from "@crossguardian/protocol";
import { type MessageName, NO_PROFILES } from "@crossguardian/wire";

const COMPROMISED = "plugin-a";
const FLOOD_FRAMES_PER_TURN = 100;
const SLICE_MS = 100;
const PIECE_BYTES = 4 * 1024 * 1024;
const PIECES_PER_SLICE = 4;
/** Enough for an answer to reach who asked, in ms. */
const ANSWER_MS = 200;
const ZERO32 = new Uint8Array(32);

/** Frames a plugin must not send: to domains 2 and 3 of the paper's picture, interaction and relay, to its neighbours, and in another's name. */
const SPREADING: readonly (readonly [to: string, name: MessageName, message: unknown])[] = [
  ["interaction", "headerReport", { chain: "A", tip: 9n, headers: [{ height: 9n, hash: ZERO32, parentHash: ZERO32 }] }],
  ["interaction", "publishAck", { batchId: 1n, refused: [] }],
  ["interaction", "control", { command: "stop", argument: "" }],
  ["interaction", "start", { epoch: 1n, ports: [], security: NO_PROFILES, config: new Uint8Array() }],
  ["relay", "wantBlocks", { from: 1n }],
  ["relay", "observed", { chain: "A", from: 1n, to: 1n, blocks: [] }],
  ["plugin-b", "scan", { chain: "B", from: 1n, grants: 1, restart: true }],
  ["witness-a-1", "wantHeaders", { chain: "A", from: 1n }],
  ["management", "control", { command: "stop", argument: "" }],
  ["interaction", "observed", { chain: "B", from: 1n, to: 1n, blocks: [] }],
];

const state = { isFlooding: false, busyPercent: 0, fillBytes: 0 };
const kept: Buffer[] = [];
let sent = 0;

const flood = ({ channel }: DomainPowers): void => {
  if (!state.isFlooding) return;
  for (let at = 0; at < FLOOD_FRAMES_PER_TURN; at += 1) if (channel.send("interaction", "observed", { chain: "A", from: 1n, to: 1n, blocks: [] })) sent += 1;
  setImmediate(() => flood({ channel } as DomainPowers));
};

const burn = (): void => {
  if (state.busyPercent === 0) return;
  const end = performance.now() + (SLICE_MS * state.busyPercent) / 100;
  while (performance.now() < end) Math.sqrt(end);
  setTimeout(burn, (SLICE_MS * (100 - state.busyPercent)) / 100);
};

const fill = (): void => {
  for (let at = 0; at < PIECES_PER_SLICE && kept.length * PIECE_BYTES < state.fillBytes; at += 1) kept.push(Buffer.alloc(PIECE_BYTES, 1));
  if (kept.length * PIECE_BYTES < state.fillBytes) setTimeout(fill, SLICE_MS);
};

const spread = ({ channel }: DomainPowers): void => {
  for (const [to, name, message] of SPREADING) channel.send(to, name, message as never); // one entry of MESSAGES
};

const obey = async (powers: DomainPowers, untrusted: string): Promise<unknown> => {
  const [what = "", amount = "0"] = untrusted.split(" ");
  if (what === "flood") {
    state.isFlooding = true;
    const atMs = Date.now();
    setImmediate(() => flood(powers));
    return { atMs };
  } else if (what === "burn") {
    state.busyPercent = Number(amount);
    setImmediate(burn);
  } else if (what === "fill") {
    state.fillBytes = Number(amount);
    setImmediate(fill);
  } else if (what === "spread") {
    // Said before it is done: the first forbidden frame takes back what the switch has not delivered yet, this answer too.
    setTimeout(spread, ANSWER_MS, powers);
    return { tries: SPREADING.length, atMs: Date.now() + ANSWER_MS };
  }
  return { sent };
};

const runCompromised = async (powers: DomainPowers, config: PluginConfig): Promise<void> => {
  powers.onControl("attack", async (untrusted) => obey(powers, untrusted));
  await runPlugin(powers, config, chainPackage);
};

if (process.env["CG_ROLE"] === "witness") await runDomain({ configCodec: witnessConfig, run: async (powers, config) => runWitness(powers, config, chainPackage) });
else await runDomain({ configCodec: pluginConfig, run: process.env["CG_NAME"] === COMPROMISED ? runCompromised : async (powers, config) => runPlugin(powers, config, chainPackage) });
