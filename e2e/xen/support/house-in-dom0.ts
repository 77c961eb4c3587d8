import { readFileSync } from "node:fs";
import { basename } from "node:path";

import { type DomainEntry, gatewayHouse, type HouseSpec, type World } from "@crossguardian/world";

import { type Dom0, forwardedAddress } from "./boot-dom0.ts";

const MIB = 1024 * 1024;
const HOUSE = "/data/house";
const RUN = "/run/house";
/** Bounds that fit the machine of this test; the usual ones are several times what these domains use. */
const MEMORY_MIB: Readonly<Partial<Record<DomainEntry["kind"], number>>> = { plugin: 160, witness: 112, interaction: 192, relay: 144 };

const portOf = (url: string): number => Number(new URL(url).port);

/** Ports of this machine that a gateway's house has to reach. */
export const portsOf = (world: World, gateway: string): readonly number[] => [
  ...world.terms.chains.filter((chain) => chain.gateway === gateway).flatMap(({ url, witnessUrls }) => [url, ...witnessUrls].map(portOf)),
  world.terms.ordererPort,
];

/** The house of a gateway as it runs in Dom0: business domains are DomUs, chains and orderer are behind forwarded ports. */
export const specInDom0 = (world: World, gateway: string): HouseSpec => {
  const { terms } = world;
  const ports = portsOf(world, gateway);
  const forwarded = (url: string): string => {
    const { host, port } = forwardedAddress(ports.indexOf(portOf(url)));
    return Object.assign(new URL(url), { hostname: host, port: String(port) }).href;
  };
  const orderer = forwardedAddress(ports.indexOf(terms.ordererPort));
  const chains = terms.chains.map((chain) => (chain.gateway === gateway ? { ...chain, url: forwarded(chain.url), witnessUrls: chain.witnessUrls.map(forwarded) } : chain));
  const spec = gatewayHouse({
    ...terms,
    chains,
    driver: { default: "xen" },
    ordererHost: orderer.host,
    ordererPort: orderer.port,
    runDir: RUN,
    dataDir: HOUSE,
    stateDir: "/var/lib/crossguardian",
    policyDir: "/cg/host/switch/policy",
    lifeline: false,
    slots: { ...terms.slots, pathOf: (owner) => `${HOUSE}/keys/${basename(terms.slots.pathOf(owner))}` },
  }, gateway);
  return {
    ...spec,
    domains: spec.domains.map((entry) => ({ ...entry, limits: { ...entry.limits, memoryBytes: (MEMORY_MIB[entry.kind] ?? entry.limits.memoryBytes / MIB) * MIB } })),
  };
};

const put = (path: string, bytes: Uint8Array): string =>
  `base64 -d > ${path} <<'END'\n${Buffer.from(bytes).toString("base64").replace(/.{76}/gu, "$&\n")}\nEND\nchmod 600 ${path}`;

const COPY_MS = 300_000;
const ANSWER_S = 60;
const STOP_S = 180;
// On an emulated processor a question costs a second of it.
const POLL_MS = 8_000;

/** Brings a house and its keys to Dom0 and starts its launcher there. */
export const startInDom0 = async (dom0: Dom0, world: World, spec: HouseSpec): Promise<void> => {
  const keys = spec.domains.flatMap(({ keySlot }) => (keySlot === null ? [] : [basename(keySlot)]));
  const folder = world.terms.slots.pathOf("management-relay").replace(/[^/]*$/u, "");
  await dom0.run([
    `mkdir -p ${HOUSE}/keys ${spec.dataDir} ${spec.runDir}; chmod 700 ${HOUSE}/keys; chmod 711 /data ${HOUSE} ${spec.dataDir} ${RUN} ${spec.runDir}`,
    ...keys.map((name) => put(`${HOUSE}/keys/${name}`, readFileSync(`${folder}${name}`))),
    put(`${HOUSE}/house.json`, new TextEncoder().encode(JSON.stringify(spec))),
  ].join("\n"), COPY_MS);
  await dom0.run(`setsid node /cg/host/launch/src/main.ts ${HOUSE}/house.json </dev/null >${HOUSE}/launcher.log 2>&1 & echo $! > ${HOUSE}/launcher.pid`, COPY_MS);
};

/** A domain as the launcher in Dom0 tells it. */
export type DomainInDom0 = { readonly name: string; readonly kind: string; readonly driver: string; readonly admitted: boolean; readonly state: string };

type Answer = { readonly ok: boolean; readonly domains?: readonly DomainInDom0[]; readonly answer?: string };

/** Asks the launcher at its control socket; null while it does not answer. */
const askInDom0 = async (dom0: Dom0, spec: HouseSpec, question: Readonly<Record<string, string>>): Promise<Answer | null> => {
  const { output } = await dom0.run(`echo '${JSON.stringify(question)}' | socat -t ${String(ANSWER_S)} - UNIX-CONNECT:${spec.runDir}/control.sock`, COPY_MS);
  try {
    return JSON.parse(output) as Answer;
  } catch {
    return null;
  }
};

const isRunning = async (dom0: Dom0): Promise<boolean> => (await dom0.run(`[ -d /proc/$(cat ${HOUSE}/launcher.pid) ]`, COPY_MS)).code === 0;

/** Waits until every domain of the house is admitted. @throws when the launcher ends or after the deadline, with the last words of all */
export const awaitHouse = async (dom0: Dom0, spec: HouseSpec, withinMs: number, onChange: (states: string) => void): Promise<readonly DomainInDom0[]> => {
  const until = performance.now() + withinMs;
  let last = "";
  for (;;) {
    const domains = (await askInDom0(dom0, spec, { cmd: "domains" }))?.domains;
    const states = domains?.map(({ name, admitted, state }) => `${name} ${admitted ? "admitted" : state}`).join(", ") ?? "the launcher checks and prepares";
    if (states !== last) onChange(states);
    last = states;
    if (domains !== undefined && domains.length > 1 && domains.every(({ admitted }) => admitted)) return domains;
    if (performance.now() > until || !(await isRunning(dom0))) {
      throw new Error(`the house in Dom0 is not up: ${states}\n${await wordsInDom0(dom0, spec)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
};

/** Frames the switch has let pass so far, by `from to`. */
export const flowsInDom0 = async (dom0: Dom0, spec: HouseSpec): Promise<ReadonlyMap<string, number>> => {
  const told = await askInDom0(dom0, spec, { cmd: "ask", domain: "management", command: "watch", argument: "" });
  if (told?.answer === undefined) throw new Error(`management in Dom0 does not answer: ${JSON.stringify(told)}`);
  const { flows } = JSON.parse(told.answer) as { readonly flows: readonly { readonly from: string; readonly to: string; readonly frames: number }[] };
  return new Map(flows.map(({ from, to, frames }) => [`${from} ${to}`, frames]));
};

/** Stops the house and waits until its launcher is gone. */
export const stopInDom0 = async (dom0: Dom0, spec: HouseSpec): Promise<void> => {
  await askInDom0(dom0, spec, { cmd: "stop" });
  const { code } = await dom0.run(`n=0; while [ -d /proc/$(cat ${HOUSE}/launcher.pid) ] && [ $n -lt ${String(STOP_S)} ]; do n=$((n + 1)); sleep 1; done; [ ! -d /proc/$(cat ${HOUSE}/launcher.pid) ]`, (STOP_S + ANSWER_S) * 1_000);
  if (code !== 0) throw new Error(`the launcher in Dom0 does not end\n${await wordsInDom0(dom0, spec)}`);
};

/** The ends of what launcher, domains and events of the house in Dom0 wrote. */
export const wordsInDom0 = async (dom0: Dom0, spec: HouseSpec): Promise<string> =>
  (await dom0.run(`tail -n 20 ${HOUSE}/launcher.log ${spec.dataDir}/output/*.log ${spec.dataDir}/*.jsonl ${spec.dataDir}/logs/* 2>/dev/null | cut -c1-400; xl list; free -m; tail -n 5 /var/log/xen/console/*`, COPY_MS)).output;
