import { CodedError, fromHex, ROOT_KEY_BYTES } from "@crossguardian/kernel";
import { type HeldSocket } from "./adapters/channel-pair.ts";
import { openAllocations, withAllocations } from "./allocations.ts";
import { makeAdmissions } from "./admissions.ts";
import { makeFirstWork } from "./first-work.ts";
import { freeze, thaw } from "./freeze.ts";
import { type HousePowers } from "./house-powers.ts";
import { type DomainEntry, type HouseSpec, isHostProcess, isInMachine } from "./house-spec.ts";
import { type HouseParts } from "./house-parts.ts";
import { keptDomain } from "./keep-domain.ts";
import { type Keeper, makeKeeper } from "./keep-running.ts";
import { keptSwitch, SWITCH_IMAGE, SWITCH_NAME } from "./keep-switch.ts";
import { makeManagementLink, type ManagementLinkParts } from "./management-link.ts";
import { type DomainState, type Member, memberState } from "./member.ts";
import { makeCodeWork } from "./prepare-code.ts";
import { recordTakeover } from "./record-takeover.ts";
import { type FromSwitch } from "./switch-lines.ts";
import { makeSwitchPorts } from "./switch-ports.ts";
import { sealDomain } from "./seal-domain.ts";
import { makeStartsAside } from "./start-aside.ts";
import { type Sampled, sampleHouse } from "./sample-house.ts";
import { takeAllocation, takeHold, takeWhitelist } from "./take-orders.ts";
import { watchManagement } from "./watch-management.ts";

/** Domains started at a time. */
export const PARALLEL_STARTS_COUNT = 4;
/** Longest wait for every domain to be admitted, in ms. */
export const ADMISSION_DEADLINE_MS = 60_000;
/** The same where a domain has a kernel that boots first, perhaps on an emulated processor, in ms. */
export const MACHINE_ADMISSION_DEADLINE_MS = 300_000;
/** Time a domain has for an orderly end, in ms. */
export const STOP_GRACE_MS = 4_000;

/** A running house. */
export type House = {
  readonly production: boolean;
  readonly launcherPid: number;
  /** Prepares code caches, which meets nothing untrusted, then starts everything; resolves when every domain is admitted. @throws coded errors; the caller then stops the house */
  readonly begin: () => Promise<void>;
  readonly domains: () => readonly DomainState[];
  /** Processes of the house that run on the host, outside a jail. */
  readonly hostPids: () => readonly number[];
  /** Kills a process; it comes back by the restart policy. @throws launch.domain.unknown */
  readonly kill: (name: string) => void;
  /** Asks a domain through management; the answer is JSON text. @throws launch.control.late, launch.management.absent */
  readonly ask: (domain: string, command: string, argument: string) => Promise<string>;
  /** Stops every process where it is, so that another house can be measured on a quiet machine. */
  readonly freeze: () => Promise<void>;
  readonly thaw: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

const eachBounded = async <T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> => {
  const left = [...items];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await run(item);
  };
  await Promise.all(Array.from({ length: PARALLEL_STARTS_COUNT }, worker));
};

/** The switch put another domain in a role's place: the next switch is told so, and the one before is admitted no more. */
const takeTakeover = ({ spec, ports, admissions, powers, firstWork }: HouseParts, message: FromSwitch): void => {
  firstWork.heard(message);
  const takeover = recordTakeover(spec, message, powers.record);
  if (takeover === null) return;
  ports.setActive(takeover.role, takeover.number, takeover.epoch);
  if (takeover.instead !== null) admissions.forget(takeover.instead);
};

/** The switch shown as a member. */
const switchMember = (keeper: Keeper): Member => ({
  keeper, epoch: 0n, digest: null, running: null, group: null, held: new Set(), activatesKey: false,
  entry: {
    name: SWITCH_NAME, kind: "management", chain: null, standbyOf: null, port: 255, image: SWITCH_IMAGE, entry: "", role: "the only path between domains",
    config: "", volume: false, keySlot: null, network: "none", limits: { memoryBytes: 0, cpuQuotaPercent: null, pids: 0, tmpfsBytes: 0, tmpfsInodes: 0 },
  },
});

const runningOf = (switchKeeper: Keeper, members: ReadonlyMap<string, Member>): readonly Sampled[] =>
  [[SWITCH_NAME, { keeper: switchKeeper, epoch: 0n }] as const, ...members].flatMap(([name, { keeper, epoch }]) => {
    const { pid } = keeper.state();
    return pid === null ? [] : [{ name, epoch: epoch.toString(), pid }];
  });

/** Watches management, and gives it the counters of the house. Returns what ends both. */
const watchHouse = ({ powers, link, members }: HouseParts, switchKeeper: Keeper, isFrozen: () => boolean): (() => void) => {
  const { clock, record } = powers;
  const endSamples = sampleHouse({
    clock,
    running: () => [{ name: "launcher", epoch: "0", pid: powers.launcherPid }, ...runningOf(switchKeeper, members)],
    open: powers.openCounters,
    tell: link.tell,
    isWanted: () => !isFrozen() && link.isConnected(),
  });
  const management = [...members.values()].find(({ entry }) => entry.kind === "management");
  if (management === undefined) return endSamples;
  const { entry: { name }, keeper } = management;
  const endWatch = watchManagement({ clock, record, ask: async () => link.ask(name, "alive", ""), kill: () => keeper.kill(), isPaused: isFrozen });
  return () => {
    endWatch();
    endSamples();
  };
};

/** Writes the key of the next epoch beside the domain's slot; null where it has none or the disk does not take it. */
const rotateKey = (member: Member | undefined, key: string, { folders, record }: HousePowers): string | null => {
  const slot = member?.entry.keySlot ?? null;
  if (member === undefined || slot === null) return null;
  const { name } = member.entry;
  try {
    const keyEpoch = folders.slots.rotate(slot, fromHex(key, ROOT_KEY_BYTES)).toString();
    record("key.rotated", { name, keyEpoch });
    return keyEpoch;
  } catch (error) {
    record("key.failed", { name, why: error instanceof CodedError ? error.code : "not written" });
    return null;
  }
};

/** Makes a house of its specification; nothing is started yet. */
export const makeHouse = (spec: HouseSpec, powers: HousePowers): House => {
  const { clock, record } = powers;
  const ports = makeSwitchPorts<HeldSocket>(powers.policyText, spec.detection === "act");
  const admissions = makeAdmissions(spec.domains.filter(({ kind, standbyOf }) => kind !== "management" && standbyOf === null).map(({ name }) => name));
  const members = new Map<string, Member>();
  const allocations = openAllocations(powers.folders.allocations);
  ports.setWhitelist(allocations.isWhitelisting());

  /** `epoch` null: whichever instance runs. */
  const endInstance = (name: string, epoch: string | null, why: string, inOrder = false): void => {
    const member = members.get(name);
    if (member === undefined || (epoch !== null && member.epoch.toString() !== epoch)) return;
    record("domain.restart", { name, why });
    if (inOrder) Object.assign(member, { activatesKey: true }).keeper.restart(STOP_GRACE_MS);
    else member.keeper.kill();
    // On a v1 freezer a killed process ends only once it is thawed; it runs none of its own code before that.
    if (member.running !== null && member.held.has("freeze")) void powers.driverOf(member.running.isolation).resume(member.running).catch(() => undefined);
  };
  const onVerdict: ManagementLinkParts["onVerdict"] = (verdict) => {
    const { name, epoch } = verdict;
    // A word about an instance that is gone already means nothing.
    if (members.get(name)?.epoch.toString() !== epoch) return;
    if (verdict.type === "admitted") {
      record("domain.admitted", { name, epoch });
      admissions.admit(name);
      aside.end(name);
      void sealDomain(members.get(name), powers, (why) => endInstance(name, epoch, why));
      return;
    }
    if (verdict.type === "key") {
      link.tell({ type: "keyed", name, epoch, keyEpoch: rotateKey(members.get(name), verdict.key, powers) });
      return;
    }
    if (verdict.type === "hold" || verdict.type === "allocate") {
      void (verdict.type === "hold" ? takeHold(parts, verdict) : takeAllocation(parts, verdict));
      return;
    }
    if (verdict.type === "refused") {
      record("domain.refused", { name, epoch, why: verdict.why });
      admissions.refuse(name, verdict.why);
    }
    endInstance(name, epoch, verdict.why, verdict.type === "renew");
  };
  const link = makeManagementLink({ clock, record, onVerdict, onWhitelist: (on) => takeWhitelist(parts, on), onCheckpoint: powers.folders.keepCheckpoint });
  const code = makeCodeWork(powers);
  const aside = makeStartsAside({ spec, powers, isAdmitted: admissions.isAdmitted, isActive: ports.isActive });
  const firstWork = makeFirstWork({ spec, clock, isAdmitted: admissions.isAdmitted });
  const parts: HouseParts = { spec, powers, ports, link, admissions, members, allocations, code: code.caches, aside, firstWork };

  const keptSwitchOf = keptSwitch(powers, ports, code.caches, (message) => {
    takeTakeover(parts, message);
    const entry = message.type === "torn" ? spec.domains.find(({ port }) => port === message.number) : undefined;
    if (entry !== undefined && message.type === "torn") endInstance(entry.name, null, `torn channel: ${message.code}`);
  });
  const switchKeeper = makeKeeper(keptSwitchOf, { clock, record });
  for (const entry of spec.domains) {
    members.set(entry.name, { entry, keeper: makeKeeper(keptDomain(parts, entry), { clock, record }), epoch: 0n, digest: null, running: null, group: null, held: new Set(), activatesKey: true });
  }

  let isFrozen = false;
  let endWatch = (): void => undefined;
  const membersThat = (match: (entry: DomainEntry) => boolean): readonly Member[] => [...members.values()].filter(({ entry }) => match(entry));
  const keeperOf = (name: string) => {
    const keeper = name === SWITCH_NAME ? switchKeeper : members.get(name)?.keeper;
    if (keeper === undefined) throw new CodedError("launch.domain.unknown", { name: name.slice(0, 40) });
    return keeper;
  };

  return {
    production: spec.production,
    launcherPid: powers.launcherPid,
    begin: async () => {
      await code.prepare(withAllocations(spec, allocations));
      await begin(parts, switchKeeper.begin);
      endWatch = watchHouse(parts, switchKeeper, () => isFrozen);
      void beginStandbys(parts);
    },
    domains: () => [
      { ...memberState(switchMember(switchKeeper), spec, { isAdmitted: true, isActive: true, facts: powers.kernelFacts }), kind: SWITCH_NAME },
      ...[...members.values()].map((member) =>
        memberState(member, spec, { isAdmitted: admissions.isAdmitted(member.entry.name), isActive: ports.isActive(member.entry.port), facts: powers.kernelFacts }),
      ),
    ],
    hostPids: () => [switchKeeper, ...membersThat(isHostProcess).map(({ keeper }) => keeper)].flatMap((keeper) => keeper.state().pid ?? []),
    kill: (name) => keeperOf(name).kill(),
    ask: link.ask,
    freeze: () => {
      isFrozen = true;
      return freeze({ members: [...members.values()], switchKeeper }, powers);
    },
    thaw: async () => {
      await thaw({ members: [...members.values()], switchKeeper }, powers);
      isFrozen = false;
    },
    stop: async () => {
      endWatch();
      const filled = code.end();
      admissions.fail(new CodedError("launch.house.stopped"));
      // A frozen process takes no signal but SIGKILL.
      await thaw({ members: [...members.values()], switchKeeper }, powers).catch(() => undefined);
      await Promise.all(membersThat((entry) => !isHostProcess(entry)).map(({ keeper }) => keeper.stop(STOP_GRACE_MS)));
      for (const kind of ["network", "management"]) await Promise.all(membersThat((entry) => entry.kind === kind).map(({ keeper }) => keeper.stop(STOP_GRACE_MS)));
      await Promise.all([switchKeeper.stop(0), filled]);
      ports.closeAll();
    },
  };
};

/** Starts standbys one after the other: the house does its work without them. One that does not start is tried again by its keeper. */
const beginStandbys = async ({ members }: HouseParts): Promise<void> => {
  for (const { entry, keeper } of members.values()) {
    if (entry.standbyOf !== null) await keeper.beginAnyhow();
  }
};

/** Switch, management (whose answer every other domain needs), network, then the rest side by side; standbys when these are admitted. */
const begin = async ({ spec, powers, members, admissions }: HouseParts, beginSwitch: () => Promise<void>): Promise<void> => {
  await beginSwitch();
  const all = [...members.values()];
  for (const kind of ["management", "network"]) {
    for (const { entry, keeper } of all) if (entry.kind === kind) await keeper.begin();
  }
  await eachBounded(all.filter(({ entry }) => !isHostProcess(entry) && entry.standbyOf === null), ({ keeper }) => keeper.begin());
  const hasMachine = spec.domains.some((entry) => isInMachine(spec, entry));
  const deadlineMs = hasMachine ? MACHINE_ADMISSION_DEADLINE_MS : ADMISSION_DEADLINE_MS;
  const cancel = powers.clock.after(deadlineMs, () => {
    admissions.fail(new CodedError("launch.start.late", { absent: admissions.absent().join(" ").slice(0, 200) }));
  });
  await admissions.all.finally(cancel);
};
