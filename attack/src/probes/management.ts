import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

import { materialise, seal, verify } from "@crossguardian/boot";
import { answerControls, makePortChannel } from "@crossguardian/frontend";
import { checkSpec, type DomainSpec, JOIN_AND_RUN } from "@crossguardian/isolation";
import { makePolicy } from "@crossguardian/switch";
import { MESSAGES } from "@crossguardian/wire";
import { POLICY_DIR } from "@crossguardian/world";

import { deliver, frameOf, type PortName, PORTS } from "../gateway/switch-rig.ts";
import { type GatewayProbe } from "../probe.ts";

type Draft = Omit<GatewayProbe, "group" | "id">;

const throws = (run: () => unknown): boolean => {
  try {
    run();
    return false;
  } catch {
    return true;
  }
};

/** Whether a domain obeys an order that came over the channel from somebody else than management. */
const obeys = (pieces: readonly Uint8Array[]): boolean => {
  let isObeyed = false;
  let onBytes: (piece: Uint8Array) => void = () => undefined;
  const ports = makePortChannel({
    link: { write: () => undefined, isFull: () => false, onDrain: () => undefined, onBytes: (handler) => (onBytes = handler) },
    soon: (run) => run(),
    nowMs: () => performance.now(),
    origins: "any",
    onRefused: () => undefined,
    onTorn: () => undefined,
  });
  const controls = answerControls(ports, { info: () => undefined, warn: () => undefined, alarm: () => undefined });
  controls.add("stop", async () => Promise.resolve((isObeyed = true)));
  controls.complete();
  ports.stopHolding();
  for (const piece of pieces) onBytes(piece);
  return isObeyed;
};

const orders = (from: PortName, to: PortName): Draft => ({
  threat: "pass for management",
  says: `${from} gives ${to} an order in the place of management`,
  layers: ["switch", "receiver"],
  succeeds: async (layers) => {
    const order = frameOf("control", { command: "stop", argument: "" });
    const pieces = layers.has("switch") ? deliver(from, to, order) : [order(PORTS[from].number)];
    return layers.has("receiver") ? obeys(pieces) : pieces.length > 0;
  },
});

const MARK = "cg-injected";

/** A name or path that a careless launcher would hand to a shell: it makes a file where it is read as a command. */
const INJECTIONS: Readonly<Record<string, readonly [says: string, text: (folder: string) => string]>> = {
  substitution: ["a command in $( )", (folder) => `/x$(touch ${folder}/${MARK})`],
  backticks: ["a command in back quotes", (folder) => `/x\`touch ${folder}/${MARK}\``],
  semicolon: ["a command behind a semicolon", (folder) => `/x; touch ${folder}/${MARK}; echo `],
  newline: ["a command on a line of its own", (folder) => `/x\ntouch ${folder}/${MARK}\necho `],
  background: ["a command behind an ampersand", (folder) => `/x & touch ${folder}/${MARK}; echo `],
  pipe: ["a command behind a pipe", (folder) => `/x | touch ${folder}/${MARK} | cat `],
};

const specWith = (change: Partial<DomainSpec>): DomainSpec => ({
  name: "lab", instance: "lab", image: "/x", nodePath: "/x", entry: "x.ts", argv: [], env: {}, volume: null, keySlot: null,
  limits: { memoryBytes: 64 * 1024 * 1024, cpuQuotaPercent: null, pids: 32, tmpfsBytes: 1024 * 1024, tmpfsInodes: 64 }, network: "none", uidBase: 0x6000_0000, ...change,
});

const DEADLINE_MS = 5_000;

const injects = (folder: string, says: string, text: (folder: string) => string): Draft => ({
  threat: "have a driver run something by a name",
  says,
  layers: ["spec", "argv"],
  succeeds: async (layers) => {
    const place = mkdtempSync(join(folder, "inject-"));
    const hostile = text(place);
    const isTaken = [specWith({ name: hostile }), specWith({ image: hostile }), specWith({ volume: { hostPath: hostile } }), specWith({ keySlot: hostile })].some((spec) => !throws(() => checkSpec(spec)));
    if (!layers.has("spec") || isTaken) {
      // As the drivers start a runtime: the name is one argument of a program, also of a shell's script; a careless one puts it into the script.
      const started = [String(process.pid), "-", "/bin/true", "/bin/true", "0", "1", hostile, "-", "-", "/bin/true", hostile];
      if (layers.has("argv")) spawnSync("/bin/sh", ["-c", JOIN_AND_RUN, "sh", ...started], { stdio: "ignore", timeout: DEADLINE_MS });
      else spawnSync("/bin/sh", ["-c", `printf %s ${hostile} > /dev/null`], { stdio: "ignore", timeout: DEADLINE_MS });
    }
    const isOpen = existsSync(join(place, MARK));
    rmSync(place, { recursive: true });
    return isOpen;
  },
});

const honestPolicy = (): string => readFileSync(join(POLICY_DIR, "gateway.flow"), "utf8");

/** Changes of a flow policy by somebody who can write the file, or a fault: each lets a plugin speak to the relay domain where the file is believed. */
const POLICIES: Readonly<Record<string, readonly [says: string, change: (text: string) => string]>> = {
  truncated: ["a flow policy that is cut off before its end", (text) => `1 plugin relay publish # hostile\n${text.slice(0, text.length / 3)}`],
  unnamed: ["a flow policy that names a message there is not", (text) => `1 plugin relay publish,everything # hostile\n${text}`],
  kind: ["a flow policy that names a kind of domain there is not", (text) => `1 plugin relay publish # hostile\n2 root * publish # hostile\n${text}`],
  contradictory: ["a flow policy with two lines of one number", (text) => `10 plugin relay publish # hostile\n${text}`],
  disordered: ["a flow policy whose numbers go backwards", (text) => `500 plugin relay publish # hostile\n${text}`],
  open: ["a flow policy that does not end in deny", (text) => `1 plugin relay publish # hostile\n${text.replace(/^\d+ \* \* deny.*$/mu, "")}`],
};

/** A project of three files, sealed. */
const layProject = (folder: string): { readonly root: string; readonly stateDir: string; readonly places: Parameters<typeof verify>[0]; readonly code: string; readonly policy: string } => {
  const root = mkdtempSync(join(folder, "project-"));
  const code = join(root, "room", "src", "main.ts");
  const policy = join(root, "policy", "gateway.flow");
  for (const path of [join(root, "room", "src"), join(root, "policy")]) mkdirSync(path, { recursive: true });
  writeFileSync(join(root, "package.json"), JSON.stringify({ name: "lab", version: "1.0.0", private: true, workspaces: ["room"] }));
  writeFileSync(join(root, "room", "package.json"), JSON.stringify({ name: "lab-room", version: "1.0.0", private: true, type: "module" }));
  writeFileSync(code, "// honest\n");
  writeFileSync(policy, honestPolicy());
  const stateDir = join(root, "state");
  // A small program in the place of Node: what is hashed beside the project is no part of the attack.
  const places = { root, trustDir: join(root, "trust"), nodePath: "/bin/true", images: { room: ["room"] } };
  seal(places);
  return { root, stateDir, places, code, policy };
};

const HOSTILE = "// hostile\n";
const isHostile = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined && readFileSync(path, "utf8") === HOSTILE;

const changesPolicy = (folder: string, says: string, change: (text: string) => string): Draft => ({
  threat: "have the switch follow another policy",
  says,
  layers: ["policy", "measure"],
  succeeds: async (layers) => {
    const text = change(honestPolicy());
    if (layers.has("measure")) {
      const { root, places, policy } = layProject(folder);
      writeFileSync(policy, text);
      const isNoticed = throws(() => verify(places, ["room"]));
      rmSync(root, { recursive: true });
      if (isNoticed) return false;
    }
    // A switch that reads what it can and leaves the rest: the first line is the attacker's.
    return layers.has("policy") ? !throws(() => makePolicy(text)) && makePolicy(text).allows("plugin", "relay", MESSAGES.publish.number) : text.includes("plugin relay publish");
  },
});

type Project = ReturnType<typeof layProject>;

/** Ways to put other code in the place of what was measured. */
const SWAPS: Readonly<Record<string, readonly [says: string, swap: (project: Project) => void]>> = {
  file: ["a measured file is overwritten", ({ code }) => writeFileSync(code, HOSTILE)],
  link: ["a measured file is replaced by a link to another", ({ code, root }) => {
    writeFileSync(join(root, "elsewhere"), HOSTILE);
    rmSync(code);
    symlinkSync(join(root, "elsewhere"), code);
  }],
  folder: ["the folder of a measured file is replaced by a link to another", ({ root, code }) => {
    mkdirSync(join(root, "elsewhere"));
    writeFileSync(join(root, "elsewhere", "main.ts"), HOSTILE);
    rmSync(join(code, ".."), { recursive: true });
    symlinkSync(join(root, "elsewhere"), join(code, ".."));
  }],
};

/** Without the layers: a launcher that looks, and then starts what lies there. */
const swapsBefore = (folder: string, says: string, swap: (project: Project) => void): Draft => ({
  threat: "run other code than was measured",
  says: `${says} before a start`,
  layers: ["measure", "copy"],
  succeeds: async (layers) => {
    const project = layProject(folder);
    try {
      const manifest = seal(project.places);
      swap(project);
      if (layers.has("measure") && throws(() => verify(project.places, ["room"]))) return false;
      if (!layers.has("copy")) return isHostile(project.code);
      let image = "";
      return !throws(() => (image = materialise(manifest, "room", project.root, project.stateDir))) && isHostile(join(image, "room", "src", "main.ts"));
    } finally {
      rmSync(project.root, { recursive: true });
    }
  },
});

/** Between the measure and the start: only the copy is started, which is hashed as it is made, and compared again whenever it is used. */
const swapsBetween = (folder: string, says: string, swap: (project: Project) => void): Draft => ({
  threat: "run other code than was measured, by a race",
  says: `${says} between the measure and the start`,
  layers: ["copy", "store"],
  succeeds: async (layers) => {
    const project = layProject(folder);
    try {
      const manifest = verify(project.places, ["room"]);
      if (layers.has("copy")) {
        swap(project);
        let image = "";
        return !throws(() => (image = materialise(manifest, "room", project.root, project.stateDir))) && isHostile(join(image, "room", "src", "main.ts"));
      }
      // The copy was made, and what it is made of is swapped where it is kept.
      const image = materialise(manifest, "room", project.root, project.stateDir);
      const kept = join(image, "room", "src", "main.ts");
      chmodSync(kept, 0o644);
      swap({ ...project, root: project.root, code: kept });
      if (layers.has("store") && throws(() => materialise(manifest, "room", project.root, project.stateDir))) return false;
      return isHostile(kept);
    } finally {
      rmSync(project.root, { recursive: true });
    }
  },
});

const named = (prefix: string, drafts: Readonly<Record<string, Draft>>): readonly GatewayProbe[] =>
  Object.entries(drafts).map(([name, draft]) => ({ id: `management.${prefix}-${name}`, group: "management", ...draft }));

const mapped = <T>(table: Readonly<Record<string, readonly [says: string, act: T]>>, make: (says: string, act: T) => Draft): Readonly<Record<string, Draft>> =>
  Object.fromEntries(Object.entries(table).map(([name, [says, act]]) => [name, make(says, act)]));

/** Attacks on what steers a house: orders, names, policies, measured code. @param folder a folder on the disk of the host */
export const managementProbes = (folder: string): readonly GatewayProbe[] => [
  ...named("order", { plugin: orders("plugin-a", "interaction"), witness: orders("witness-a-1", "interaction"), relay: orders("relay", "interaction"), interaction: orders("interaction", "relay"), network: orders("network", "plugin-a"), module: orders("module-a-asset", "module-a-data") }),
  ...named("inject", mapped(INJECTIONS, (says, text) => injects(folder, says, text))),
  ...named("policy", mapped(POLICIES, (says, change) => changesPolicy(folder, says, change))),
  ...named("swap", mapped(SWAPS, (says, swap) => swapsBefore(folder, says, swap))),
  ...named("race", mapped(SWAPS, (says, swap) => swapsBetween(folder, says, swap))),
];
