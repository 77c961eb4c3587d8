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

/** Bytes as base64 in lines a shell's here-document takes, put through a filter. Each program costs an emulated processor some 10 ms. */
const here = (bytes: Uint8Array, target: string, filter: string | null = null): string => {
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  const lines = text.match(new RegExp(`.{1,${String(MAX_LINE_CHARS)}}`, "gu")) ?? [];
  return `base64 -d <<'E' ${filter === null ? "" : `| ${filter} `}> ${target}\n${lines.join("\n")}\nE\n`;
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
  /** Whether it is started before its guest has a secret: it then waits, and its key, its volume and its names come when it wakes up. */
  readonly isHeld: boolean;
};

/** Where a held domain waits for the word that it lives: a pipe with a name. */
export const guestBirth = (name: string): string => `${guestFolder(name)}/birth`;
/** Where a held domain's volume will be. */
export const guestVolume = (name: string): string => `${guestFolder(name)}/data`;

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

const volumeLine = (volume: string, uid: string): string => `mkdir -p /volumes/${volume}; chown -R ${uid}:${uid} /volumes/${volume}; chmod 700 /volumes/${volume}`;

/** Starts a domain as a container of the guest, its channel bridged to a socket; says `exited NAME CODE` at its end. */
export const startScript = (start: GuestStart): string => {
  const { name, channel, config, limits, uidBase, insideUid, key, packedProgram, volume, isHeld } = start;
  const folder = guestFolder(name);
  const group = groupOf(name);
  const root = `${folder}/${config.root.path}`;
  const uid = String(uidBase + insideUid);
  const files = start.mountPoints.files.map((path) => `${root}${path}`);
  return [
    `date -u -s @${String(start.epochSeconds)} >/dev/null`,
    ...groupLines(name, limits),
    `mkdir -p ${[...new Set([...start.mountPoints.directories.map((path) => `${root}${path}`), ...files.map((path) => path.replace(/\/[^/]*$/u, ""))])].join(" ")}`,
    ...files.map((path) => `: > ${path}`),
    `chown ${String(uidBase)}:${String(uidBase)} ${root}/dev`,
    here(new TextEncoder().encode(JSON.stringify(config)), `${folder}/config.json`),
    ...(key === null ? [] : [here(key, `${folder}/key`), `chown ${uid}:${uid} ${folder}/key; chmod 400 ${folder}/key`]),
    ...(packedProgram === null ? [] : [here(packedProgram, guestProgram(name), "gunzip -c"), `chmod 755 ${guestProgram(name)}`]),
    ...(isHeld ? [`mkfifo ${guestBirth(name)}`] : []),
    ...(volume === null ? [] : [isHeld ? `mkdir ${guestVolume(name)}; mount -t tmpfs -o size=4k volume ${guestVolume(name)}; mount --make-shared ${guestVolume(name)}` : volumeLine(volume, uid)]),
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
/** What it says goes through a pipe. */
const RESEEDED = "/run/reseeded";
/** A shell that has waked a domain ends when that has said its first word: its end takes the emulated processor as long. */
const WAKE_LINGER_SECONDS = 1;

/** A time in the past, in seconds since 1970: clocks of guests jump from it when they wake up, which makes OpenSSL seed its generators anew. */
export const HELD_EPOCH_SECONDS = 978_307_200;

/**
 * Has a guest let go of what differs when it wakes up, so that its state can be kept, and say `done asleep`; then wait for its own secret, the time, and one line of orders
 * on its port for that, and say `done awake`.
 * @param reseed program of `reseedProgram` @param held a domain that was started and waits
 */
export const sleepScript = (reseed: Uint8Array, birthPort: number, held: string | null): string => [
  `{ [ ! -b /dev/vdc ] || umount /volumes; } && echo 3 > /proc/sys/vm/drop_caches || { echo "failed asleep" >&3; exit; }`,
  here(reseed, RESEED), `chmod 700 ${RESEED}`,
  // Opening a pipe to write waits for its reader.
  ...(held === null ? [] : [`n=0; while [ ! -p ${guestBirth(held)} ] && [ $n -lt 1000 ]; do n=$((n + 1)); usleep 10000; done`, `exec 6> ${guestBirth(held)}`]),
  `exec 5< /dev/vport0p${String(birthPort)}`,
  `date -u -s @${String(HELD_EPOCH_SECONDS)} >/dev/null`,
  `mkfifo ${RESEEDED}; exec 7<> ${RESEEDED}`,
  `${RESEED} <&5 >&7 6>&- &`, // the domain waits for the end of what is written to its pipe
  `usleep 100000; rm -f ${RESEED} ${RESEEDED}`,
  "echo \"done asleep\" >&3",
  "read -r done <&7 && [ \"$done\" = 1 ] && read -r line <&5 && eval \"$line\" && echo \"done awake\" >&3 || echo \"failed awake\" >&3",
  `read -t ${String(WAKE_LINGER_SECONDS)} -r more <&7`, // the shell itself waits: nothing is started for it
].join("\n").concat("\n");

/** What a guest does first when it has its secret. */
export type Wake = {
  readonly hasDisk: boolean;
  readonly held: {
    readonly name: string;
    readonly key: Uint8Array | null;
    readonly volume: string | null;
    /** Uid and gid of the domain as the guest has them. */
    readonly uid: number;
    /** What it reads from its pipe. */
    readonly word: string;
  } | null;
};

const octal = (bytes: Uint8Array): string => Array.from(bytes, (byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");

/** The line of orders that follows the secret: words of the shell itself where nothing else is needed, because each program costs a start. */
export const wakeLine = ({ hasDisk, held }: Wake): string => [
  ...(hasDisk ? ["mount -t ext4 -o nosuid,nodev,noexec /dev/vdc /volumes"] : []),
  ...(held === null ? [] : [
    ...(held.volume === null ? [] : [`{ ${volumeLine(held.volume, String(held.uid))}; }`, `mount --bind /volumes/${held.volume} ${guestVolume(held.name)}`]),
    ...(held.key === null ? [] : [`printf '${octal(held.key)}' > ${guestFolder(held.name)}/key`]),
    `echo ${btoa(held.word)} >&6`,
    "exec 6>&-",
  ]),
  "true",
].join(" && ").concat("\n");

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
