import { type DomainLimits } from "../driver.ts";
import { type OciConfig } from "../oci-config.ts";

/** Compiled code of domains in a guest's root image. */
export const GUEST_CODE = "/code";

/** Where a guest keeps what belongs to one domain. */
export const guestFolder = (name: string): string => `/run/d/${name}`;

/** Where a domain's program lies that is started in place of Node. */
export const guestProgram = (name: string): string => `${guestFolder(name)}/program`;

const groupOf = (name: string): string => `/sys/fs/cgroup/${name}`;

/** A shell, the bridge of the channel and the runtime live in the domain's group. */
const OWN_TASKS_COUNT = 4;
const CPU_PERIOD_USEC = 100_000;

const MAX_LINE_CHARS = 76;

/** Bytes as base64 in lines a shell's here-document takes, put through a filter. */
const here = (bytes: Uint8Array, target: string, filter = "cat"): string => {
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  const lines = text.match(new RegExp(`.{1,${String(MAX_LINE_CHARS)}}`, "gu")) ?? [];
  return `base64 -d <<'E' | ${filter} > ${target}\n${lines.join("\n")}\nE\n`;
};

/** What a started domain needs; every text was checked by `checkSpec` or made here. */
export type GuestStart = {
  readonly name: string;
  /** Its channel as an address of socat. */
  readonly channel: string;
  readonly config: OciConfig;
  readonly mountPoints: { readonly directories: readonly string[]; readonly files: readonly string[] };
  readonly limits: DomainLimits;
  readonly uidBase: number;
  readonly insideUid: number;
  readonly key: Uint8Array | null;
  /** What is started in place of Node, as gzip packs it. */
  readonly packedProgram: Uint8Array | null;
  /** Folder below /volumes, or null. */
  readonly volume: string | null;
  readonly epochSeconds: number;
};

const cpuText = (percent: number | null): string =>
  `${percent === null ? "max" : String(percent * (CPU_PERIOD_USEC / 100))} ${String(CPU_PERIOD_USEC)}`;

const groupLines = (name: string, limits: DomainLimits): readonly string[] => {
  const group = groupOf(name);
  return [
    `mkdir ${group} || { echo "failed ${name} exists" >&3; exit; }`,
    `echo ${String(limits.memoryBytes)} > ${group}/memory.max`,
    `echo 1 > ${group}/memory.oom.group`,
    `echo "${cpuText(limits.cpuQuotaPercent)}" > ${group}/cpu.max`,
    `echo ${String(limits.pids + OWN_TASKS_COUNT)} > ${group}/pids.max`,
  ];
};

/** Starts a domain as a container of the guest, its channel bridged to a socket; says `exited NAME CODE` at its end. */
export const startScript = (start: GuestStart): string => {
  const { name, channel, config, limits, uidBase, insideUid, key, packedProgram, volume } = start;
  const folder = guestFolder(name);
  const group = groupOf(name);
  const root = `${folder}/${config.root.path}`;
  const uid = String(uidBase + insideUid);
  const files = start.mountPoints.files.map((path) => `${root}${path}`);
  return [
    `date -u -s @${String(start.epochSeconds)} >/dev/null`,
    ...groupLines(name, limits),
    `mkdir -p ${start.mountPoints.directories.map((path) => `${root}${path}`).join(" ")}`,
    ...files.map((path) => `mkdir -p ${path.replace(/\/[^/]*$/u, "")}; : > ${path}`),
    `chown ${String(uidBase)}:${String(uidBase)} ${root}/dev`,
    here(new TextEncoder().encode(JSON.stringify(config)), `${folder}/config.json`),
    ...(key === null ? [] : [here(key, `${folder}/key`), `chown ${uid}:${uid} ${folder}/key; chmod 400 ${folder}/key`]),
    ...(packedProgram === null ? [] : [here(packedProgram, guestProgram(name), "gunzip -c"), `chmod 755 ${guestProgram(name)}`]),
    ...(volume === null ? [] : [`mkdir -p /volumes/${volume}; chown -R ${uid}:${uid} /volumes/${volume}; chmod 700 /volumes/${volume}`]),
    `cat > ${folder}/inner <<'E'`,
    `crun --root /run/crun --cgroup-manager=disabled --log=file:${folder}/log run --bundle ${folder} --preserve-fds 1 --pid-file ${folder}/pid ${name} </dev/null >&5 2>&5`,
    `echo $? > ${folder}/code`,
    "E",
    `cat > ${folder}/outer <<'E'`,
    `echo $$ > ${group}/cgroup.procs`,
    `exec socat -b 65536 -t 0.1 ${channel} EXEC:"sh ${folder}/inner",fdin=3,fdout=3`,
    "E",
    // The output goes through a pipe: a domain shall not hold a port that is not its own.
    `sh ${folder}/outer 5>&1 3>&- 4>&- 2>&1 | cat >&4`,
    `[ -s ${folder}/log ] && cat ${folder}/log >&4`,
    `code=137; [ -s ${folder}/code ] && read -r code < ${folder}/code`,
    `echo "exited ${name} $code" >&3`,
  ].join("\n").concat("\n");
};

/** Ends every process of a domain and removes what belonged to it; says `gone NAME`. */
export const killScript = (name: string): string => {
  const group = groupOf(name);
  return [
    `echo 0 > ${group}/cgroup.freeze`,
    `echo 1 > ${group}/cgroup.kill`,
    `n=0; while [ -d ${group} ] && ! rmdir ${group} 2>/dev/null && [ $n -lt 200 ]; do n=$((n + 1)); usleep 10000; done`,
    `rm -rf ${guestFolder(name)} /run/crun/${name}`,
    `[ -d ${group} ] && echo "stays ${name}" >&3 || echo "gone ${name}" >&3`,
  ].join("\n").concat("\n");
};

/** Writes values into the control files of a domain; says `done NAME` or `failed NAME`. */
export const writeScript = (name: string, writes: readonly (readonly [file: string, value: string])[]): string =>
  `{ ${writes.map(([file, value]) => `echo "${value}" > ${groupOf(name)}/${file}`).join(" && ")}; } && echo "done ${name}" >&3 || echo "failed ${name} write" >&3\n`;

const RESEED = "/run/reseed";

/** Has a guest that nobody lives in yet let go of the disks that differ when it wakes up, so that its state can be kept; says `done asleep`. @param reseed program of `reseedProgram` */
export const sleepScript = (reseed: Uint8Array): string => [
  here(reseed, RESEED), `chmod 700 ${RESEED}`,
  "umount /image && { [ ! -b /dev/vdc ] || umount /volumes; } && echo 3 > /proc/sys/vm/drop_caches && echo \"done asleep\" >&3 || echo \"failed asleep\" >&3",
].join("\n").concat("\n");

/** The first thing a guest hears, before any domain is named to it: its own secret, then the disks; says `done awake`. */
export const wakeScript = (secret: Uint8Array): string => [
  here(secret, "/run/birth"),
  `{ ${RESEED} < /run/birth && mount -t squashfs -o ro,nosuid,nodev /dev/vdb /image && { [ ! -b /dev/vdc ] || mount -t ext4 -o nosuid,nodev,noexec /dev/vdc /volumes; }; } && echo "done awake" >&3 || echo "failed awake" >&3`,
  `rm -f /run/birth ${RESEED}`,
].join("\n").concat("\n");

/** Control files of a quota, a freeze and a bound of tasks. */
export const guestWrites = {
  quota: (percent: number | null): readonly [string, string] => ["cpu.max", cpuText(percent)],
  frozen: (isFrozen: boolean): readonly [string, string] => ["cgroup.freeze", isFrozen ? "1" : "0"],
  pids: (pids: number | null): readonly [string, string] => ["pids.max", pids === null ? "0" : String(pids + OWN_TASKS_COUNT)],
};

/** Says `stats NAME` and memory, peak, cpu, throttled, tasks, kills for memory, in this order. */
export const statsScript = (name: string): string => {
  const group = groupOf(name);
  const key = (file: string, field: string): string => `$(awk '$1=="${field}"{print $2}' ${group}/${file})`;
  return `echo "stats ${name} $(cat ${group}/memory.current) $(cat ${group}/memory.peak) ${key("cpu.stat", "usage_usec")} ${key("cpu.stat", "nr_throttled")} $(cat ${group}/pids.current) ${key("memory.events", "oom_kill")}" >&3\n`;
};

/** Sends a signal to the first process of a domain. */
export const signalScript = (name: string, signal: string): string => `kill -${signal} "$(cat ${guestFolder(name)}/pid)"\n`;
