import { readFileSync } from "node:fs";
import { basename } from "node:path";

import { type DomainEntry, gatewayHouse, type HouseSpec, type World } from "@crossguardian/world";

import { type Dom0, FORWARDED_ADDRESS } from "./boot-dom0.ts";

const MIB = 1024 * 1024;
const HOUSE = "/data/house";
const RUN = "/run/house";
/** Bounds that fit the machine of this test; the usual ones are several times what these domains use. */
const MEMORY_MIB: Readonly<Partial<Record<DomainEntry["kind"], number>>> = { plugin: 160, witness: 112, interaction: 192, relay: 144 };

const portOf = (url: string): number => Number(new URL(url).port);
const forwarded = (url: string): string => url.replace(/\/\/(127\.0\.0\.1|localhost):/u, `//${FORWARDED_ADDRESS}:`);

/** Ports of this machine that a gateway's house has to reach. */
export const portsOf = (world: World, gateway: string): readonly number[] => [
  ...world.terms.chains.filter((chain) => chain.gateway === gateway).flatMap(({ url, witnessUrls }) => [url, ...witnessUrls].map(portOf)),
  world.terms.ordererPort,
];

/** The house of a gateway as it runs in Dom0: business domains are DomUs, chains and orderer are behind forwarded ports. */
export const specInDom0 = (world: World, gateway: string): HouseSpec => {
  const { terms } = world;
  const chains = terms.chains.map((chain) => (chain.gateway === gateway ? { ...chain, url: forwarded(chain.url), witnessUrls: chain.witnessUrls.map(forwarded) } : chain));
  const spec = gatewayHouse({
    ...terms,
    chains,
    driver: { default: "xen" },
    ordererHost: FORWARDED_ADDRESS,
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

const COPY_MS = 60_000;

/** Brings a house and its keys to Dom0 and starts its launcher there. */
export const startInDom0 = async (dom0: Dom0, world: World, spec: HouseSpec): Promise<void> => {
  const keys = spec.domains.flatMap(({ keySlot }) => (keySlot === null ? [] : [basename(keySlot)]));
  const folder = world.terms.slots.pathOf("management-relay").replace(/[^/]*$/u, "");
  await dom0.run([
    `mkdir -p ${HOUSE}/keys ${spec.dataDir} ${spec.runDir}; chmod 700 ${HOUSE}/keys; chmod 711 /data ${HOUSE} ${spec.dataDir} ${RUN} ${spec.runDir}`,
    ...keys.map((name) => put(`${HOUSE}/keys/${name}`, readFileSync(`${folder}${name}`))),
    put(`${HOUSE}/house.json`, new TextEncoder().encode(JSON.stringify(spec))),
  ].join("\n"), COPY_MS);
  await dom0.run(`setsid node /cg/host/launch/src/main.ts ${HOUSE}/house.json </dev/null >${HOUSE}/launcher.log 2>&1 &`, COPY_MS);
};

/** A domain as the launcher in Dom0 tells it. */
export type DomainInDom0 = { readonly name: string; readonly kind: string; readonly driver: string; readonly admitted: boolean; readonly state: string };

/** Asks the launcher; null while it does not answer. */
export const domainsInDom0 = async (dom0: Dom0, spec: HouseSpec): Promise<readonly DomainInDom0[] | null> => {
  const { output } = await dom0.run(`echo '{"cmd":"domains"}' | socat -t 20 - UNIX-CONNECT:${spec.runDir}/control.sock`, COPY_MS);
  try {
    return (JSON.parse(output) as { readonly domains: readonly DomainInDom0[] }).domains;
  } catch {
    return null;
  }
};

/** The ends of what launcher, domains and events of the house in Dom0 wrote. */
export const wordsInDom0 = async (dom0: Dom0, spec: HouseSpec): Promise<string> =>
  (await dom0.run(`tail -n 20 ${HOUSE}/launcher.log ${spec.dataDir}/output/*.log ${spec.dataDir}/*.jsonl ${spec.dataDir}/logs/* 2>/dev/null | cut -c1-400; xl list; free -m; tail -n 5 /var/log/xen/console/*`, COPY_MS)).output;
