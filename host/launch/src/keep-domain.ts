import { join } from "node:path";
import { type HostGroup, type RunningDomain } from "@crossguardian/isolation";
import { type HostProcess } from "./adapters/host-process.ts";
import { rateOf } from "./allocation.ts";
import { applyChange, startChange, volumeOf } from "./allocate.ts";
import { domainEnvironmentOf, domainSpecOf, managementConfigOf } from "./domain-plan.ts";
import { type HouseParts } from "./house-parts.ts";
import { type DomainEntry, isHostProcess, isolationOf, roleOf } from "./house-spec.ts";
import { enforcedLifetime } from "./key-age.ts";
import { type Kept, type Run } from "./keep-running.ts";
import { MANAGEMENT_KEY_FD } from "./management-lines.ts";

type Start = { readonly epoch: bigint; readonly channelFd: number; readonly outputFd: number; readonly group: HostGroup | null };

const hostProcessOf = ({ spec, powers, code, allocations }: HouseParts, entry: DomainEntry, { epoch, group }: Start): HostProcess => {
  const { folders } = powers;
  const image = powers.image(entry.image).path;
  const uid = powers.uidBase(entry.port) + powers.uidOffset;
  const volume = entry.volume ? folders.volume(entry.name) : null;
  const isManagement = entry.kind === "management";
  if (volume !== null) folders.own(volume, uid, 0o700);
  if (isManagement) folders.writeFor(folders.managementConfig, JSON.stringify(managementConfigOf(spec, { logs: folders.logs, checkpoint: folders.readCheckpoint() }, allocations)), uid);
  return {
    name: entry.name,
    nodePath: powers.nodePath,
    program: join(image, entry.entry),
    uid,
    hasNetwork: entry.network === "host",
    memoryBytes: entry.limits.memoryBytes,
    group,
    keySlot: entry.keySlot,
    env: {
      ...powers.hostCode(entry.name, code.get(entry.name), uid),
      ...domainEnvironmentOf(entry, epoch),
      CG_APP: image,
      ...(volume === null ? {} : { CG_DATA: volume }),
      ...(isManagement ? { CG_MANAGEMENT: folders.managementConfig } : {}),
      ...(isManagement && entry.keySlot !== null ? { CG_KEY_FD: String(MANAGEMENT_KEY_FD) } : {}),
    },
  };
};

const startOnHost = async (parts: HouseParts, entry: DomainEntry, start: Start): Promise<Run> => {
  const { powers, link, members, admissions } = parts;
  const started = await powers.startHostProcess(hostProcessOf(parts, entry, start), start.outputFd, start.channelFd);
  if (entry.kind !== "management") return started;
  const running = [...members].filter(([name, { keeper }]) => name !== entry.name && keeper.state().state === "running");
  link.connect(
    (on) => powers.openLine(started, on),
    running.map(([name, { epoch, held, keeper }]) => ({
      type: "started", name, epoch: epoch.toString(), pid: keeper.state().pid ?? 0, fresh: false, admitted: admissions.isAdmitted(name), held: [...held],
    })),
  );
  return started;
};

const startInJail = async (parts: HouseParts, entry: DomainEntry, start: Start): Promise<RunningDomain> => {
  const { spec, powers, members, code, aside } = parts;
  const driver = powers.driverOf(isolationOf(spec, entry));
  const image = powers.image(entry.image);
  const cache = code.get(entry.name) ?? null;
  const prepared = await driver.prepare(
    domainSpecOf(spec, entry, {
      image: image.path,
      nodePath: powers.nodePath,
      epoch: start.epoch,
      volumePath: volumeOf(parts, entry),
      // A standby with a volume has the users of its role: the volume is the role's.
      uidBase: powers.uidBase(entry.volume ? roleOf(spec, entry).port : entry.port),
      code: cache,
    }),
  );
  const { digest } = await driver.measure(prepared, image.listing + (cache?.listing ?? ""));
  await aside.begin(entry);
  const running = await driver.start(prepared, { fd: start.channelFd }, { logFd: start.outputFd });
  const member = members.get(entry.name);
  if (member !== undefined) Object.assign(member, { digest, running });
  return running;
};

/** How one domain is started and cleaned up after. */
export const keptDomain = (parts: HouseParts, specified: DomainEntry): Kept => {
  const { spec, powers, ports, link, admissions, members, allocations, aside, firstWork } = parts;
  let entry = specified;
  const { folders } = powers;
  const driver = powers.driverOf(isolationOf(spec, entry));
  const isManagement = entry.kind === "management";
  let outputFd: number | null = null;
  let group: HostGroup | null = null;

  const start = async (): Promise<Run> => {
    entry = allocations.effective(specified);
    // One count for a role, so that of two instances the later one always has the higher number.
    const epoch = folders.nextEpoch(roleOf(spec, entry).name);
    const member = members.get(entry.name);
    if (member !== undefined) member.epoch = epoch;
    // The audit log is ready for a rotated key of management before that is written, and nothing else has to be.
    if (entry.keySlot !== null) entry = { ...entry, keySlot: folders.slots.use(entry.name, entry.keySlot, isManagement || (member?.activatesKey ?? false), enforcedLifetime(spec, entry)) };
    if (member !== undefined) member.activatesKey = false;
    const pair = await powers.makePair(join(folders.ports, `${String(entry.port)}.sock`));
    try {
      outputFd = folders.openOutput(entry.name);
      if (isHostProcess(entry)) group = powers.makeGroup(entry.name, entry.limits);
      if (member !== undefined) member.group = group;
      const allocation = allocations.of(entry.name);
      if (member !== undefined && group !== null) await applyChange(member, startChange(entry, allocation), powers, volumeOf(parts, entry));
      const run: Run & Pick<RunningDomain, "end"> = await (isHostProcess(entry) ? startOnHost : startInJail)(parts, entry, { epoch, channelFd: pair.domainFd, outputFd, group });
      if (member !== undefined && group === null) await applyChange(member, startChange(entry, allocation), powers, volumeOf(parts, entry));
      if (run.end !== undefined) pair.held.close();
      if (!isManagement) link.tell({ type: "started", name: entry.name, epoch: epoch.toString(), pid: run.pid, fresh: true, admitted: false, held: [] });
      const { name, kind, chain, port: number } = entry;
      ports.setRate(number, rateOf(allocation));
      ports.add({ number, name, kind, chain, role: roleOf(spec, entry).port, epoch: epoch.toString(), end: run.end ?? pair.held });
      return run;
    } catch (error) {
      pair.held.close();
      throw error;
    } finally {
      pair.releaseDomainEnd();
    }
  };

  const cleanUp = async (): Promise<void> => {
    const member = members.get(entry.name);
    const wasActive = ports.isActive(entry.port);
    ports.remove(entry.port);
    admissions.forget(entry.name);
    aside.end(entry.name);
    aside.hurryOthersOf(entry);
    if (isManagement) link.disconnect();
    else link.tell({ type: "ended", name: entry.name, epoch: (member?.epoch ?? 0n).toString() });
    if (member !== undefined) Object.assign(member, { running: null, group: null, held: new Set() });
    await firstWork.awaitAfter(entry, wasActive);
    await group?.remove();
    group = null;
    if (!isHostProcess(entry)) await driver.kill({ name: entry.name, instance: spec.instance });
    if (outputFd !== null) powers.closeFd(outputFd);
    outputFd = null;
  };
  return { name: entry.name, start, cleanUp, signal: powers.signal };
};
