import { hash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmodSync, chownSync, createWriteStream, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { type Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CodedError } from "@crossguardian/kernel";
import { MACHINE_DEADLINE_MS } from "../../limits.ts";
import { sleepScript, type Wake, wakeLine } from "../../machine/guest-scripts.ts";
import { BIRTH_PORT, STATE_SOCKET } from "../../machine/qemu-command.ts";
import { BIRTH_SECRET_BYTES, birthBytes, reseedProgram } from "../../machine/reseed-program.ts";
import { type GuestLink } from "../machine/guest-link.ts";
import { type HeldDomain } from "../machine/running-machine.ts";
import { SQUASH_DEADLINE_MS } from "../machine/machine-files.ts";
import { isolationFolder } from "../oci-bundle.ts";
import { runCommand } from "../run-command.ts";
import { fieldOf, type QmpLink } from "./qmp-link.ts";

/** What is kept of a machine for its starts: the disk with its domains' image, and memory and state of its booted guest before it had a secret. */
export type MachineTemplate = {
  readonly image: string;
  /** Where a disk for volumes may lie that nothing is kept on. */
  readonly disk: string;
  /** Makes the disk where it is not there. */
  readonly ensureImage: (make: (target: string) => Promise<void>) => Promise<void>;
  readonly isKept: () => boolean;
  /** A new file for the memory of the machine that is to be kept. */
  readonly newMemory: (bytes: number, owner: number) => string;
  /** A copy of the kept memory, for one machine; made before where there was time. @throws isolation.start.failed */
  readonly takeMemory: (owner: number) => Promise<string>;
  /** Makes the copy of the next machine. */
  readonly prepareNext: () => Promise<void>;
  readonly openState: () => number;
  readonly socket: string;
  readonly state: string;
  /** Whether a domain of this kind is started after its guest has woken up, because it could not be held. */
  readonly holdsNobody: () => boolean;
  readonly holdNobody: () => void;
  readonly forget: () => void;
};

const give = (path: string, owner: number): string => {
  chownSync(path, owner, owner);
  chmodSync(path, 0o600);
  return path;
};

/** @param key everything that the state depends on: another key, another state */
export const templateOf = (runDir: string, machine: string, key: string): MachineTemplate => {
  const folder = join(isolationFolder(runDir), "templates", machine);
  const [keyFile, state, image, memory, next, own, nobody] = ["key", "state", "image.sqfs", "memory", "memory.next", "memory.own", "nobody"].map((name) => join(folder, name)) as [string, string, string, string, string, string, string];
  const digest = hash("sha256", key);
  const open = (): void => {
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o700);
    writeFileSync(keyFile, digest);
  };
  const forget = (): void => rmSync(folder, { recursive: true, force: true });
  if (!existsSync(keyFile) || readFileSync(keyFile, "utf8") !== digest) {
    forget();
    open();
  }
  const copy = async (): Promise<void> => {
    const made = `${next}.${String(process.hrtime.bigint())}`;
    if ((await runCommand("cp", ["--sparse=auto", memory, made], SQUASH_DEADLINE_MS)) === null) throw new CodedError("isolation.start.failed", { what: "cp", machine });
    renameSync(made, next);
  };
  return {
    image, state, forget, disk: join(folder, "volumes.img"), socket: join(folder, "state.sock"),
    ensureImage: async (make) => {
      if (existsSync(image)) return;
      await make(`${image}.new`);
      renameSync(`${image}.new`, image);
    },
    isKept: () => existsSync(state),
    newMemory: (bytes, owner) => {
      rmSync(memory, { force: true });
      writeFileSync(memory, "", { mode: 0o600 });
      truncateSync(memory, bytes);
      return give(memory, owner);
    },
    takeMemory: async (owner) => {
      if (!existsSync(next)) await copy();
      renameSync(next, own);
      return give(own, owner);
    },
    prepareNext: async () => {
      rmSync(own, { force: true });
      if (!existsSync(next)) await copy();
    },
    openState: () => openSync(state, "r"),
    holdsNobody: () => existsSync(nobody),
    holdNobody: () => {
      rmSync(state, { force: true });
      writeFileSync(nobody, "");
    },
  };
};

/** Takes a state over a socket that only QEMU's user may connect to. */
export type StateTaker = { readonly taken: Promise<void>; readonly close: () => void };

/** @param owner user of QEMU */
export const takeState = async ({ socket, state }: MachineTemplate, owner: number): Promise<StateTaker> => {
  rmSync(socket, { force: true });
  const server = createServer({ pauseOnConnect: true });
  const taken = once(server, "connection").then(async ([connection]) => {
    server.close();
    await pipeline(connection as Socket, createWriteStream(`${state}.new`, { mode: 0o600 }));
    renameSync(`${state}.new`, state);
  });
  taken.catch(() => undefined);
  server.listen(socket);
  await once(server, "listening");
  chownSync(socket, owner, owner);
  chmodSync(socket, 0o600);
  return { taken, close: () => server.close() };
};

const LOOK_MS = 2;
const UNBOUNDED_BYTES_PER_S = 2 ** 40;

/** Asks QEMU until its answer is what is waited for; `whyOf` says what it is as long as it is not. */
const untilAnswer = async ({ run }: QmpLink, command: string, whyOf: (answer: unknown) => string | null, machine: string): Promise<void> => {
  const endMs = performance.now() + MACHINE_DEADLINE_MS;
  for (;;) {
    const why = whyOf(await run(command));
    if (why === null) return;
    if (why === "failed" || performance.now() > endMs) throw new CodedError("isolation.machine.monitor", { machine, command, why: why.slice(0, 40) });
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
};

const untilStatus = async (qmp: QmpLink, command: string, isOver: (status: unknown) => boolean, machine: string): Promise<void> =>
  untilAnswer(qmp, command, (answer) => (isOver(fieldOf(answer, "status")) ? null : String(fieldOf(answer, "status"))), machine);

const IGNORE_SHARED = { capabilities: [{ capability: "x-ignore-shared", state: true }] };

/**
 * Has a guest that has booted and knows nothing yet let go of its disk, start the domain that is to be held, and keeps its state; the memory is in its file.
 * @returns false where that domain ended instead of waiting
 * @throws isolation.machine.monitor, .silent, .unborn
 */
export const keepState = async (machine: string, link: GuestLink, qmp: QmpLink, taker: StateTaker, held: { readonly domain: HeldDomain; readonly channel: string } | null): Promise<boolean> => {
  if (held !== null) link.run(held.domain.startScript(held.channel));
  const { type } = await link.ask(
    sleepScript(reseedProgram(), BIRTH_PORT, held?.domain.name ?? null),
    (line) => ((line.type === "done" || line.type === "failed") && line.name === "asleep") || (line.type === "exited" && line.name === held?.domain.name), MACHINE_DEADLINE_MS,
  );
  if (type === "exited") return false;
  if (type === "failed") throw new CodedError("isolation.machine.unborn", { machine, step: "asleep" });
  await qmp.run("stop");
  if (held !== null) await qmp.run("migrate-set-capabilities", IGNORE_SHARED);
  await qmp.run("migrate-set-parameters", { "max-bandwidth": UNBOUNDED_BYTES_PER_S });
  await qmp.run("migrate", { uri: `unix:${STATE_SOCKET}` });
  await untilStatus(qmp, "query-migrate", (status) => status === "completed", machine);
  await taker.taken;
  return true;
};

const isOpen = (answer: unknown, label: string): boolean =>
  Array.isArray(answer) && answer.some((each: unknown) => fieldOf(each, "label") === label && !String(fieldOf(each, "filename")).startsWith("disconnected"));

/** Hands QEMU a kept state and has its guest go on. @param connected names of devices whose connection it must have taken before @throws isolation.machine.monitor */
export const goOn = async (machine: string, qmp: QmpLink, stateFd: number, connected: readonly string[], hasMemoryFile: boolean): Promise<void> => {
  if (hasMemoryFile) await qmp.run("migrate-set-capabilities", IGNORE_SHARED);
  // A channel that the guest finds closed when it goes on is one that has ended.
  await untilAnswer(qmp, "query-chardev", (answer) => (connected.every((label) => isOpen(answer, label)) ? null : "disconnected"), machine);
  await qmp.run("migrate-incoming", { uri: `fd:${String(stateFd)}` });
  await untilStatus(qmp, "query-status", (status) => status !== "inmigrate", machine);
  await qmp.run("cont");
};

/**
 * Gives a guest a secret of its own and the time, before it hears of anything else: two that go on from one state had the same random numbers otherwise.
 * @throws isolation.machine.silent, isolation.machine.unborn
 */
export const bearMachine = async (machine: string, link: GuestLink, port: Duplex, wake: Wake): Promise<void> => {
  const answer = link.wait((line) => (line.type === "done" || line.type === "failed") && line.name === "awake", MACHINE_DEADLINE_MS);
  port.write(birthBytes(new Uint8Array(randomBytes(BIRTH_SECRET_BYTES)), Date.now()));
  port.write(wakeLine(wake));
  if ((await answer).type === "failed") throw new CodedError("isolation.machine.unborn", { machine, step: "awake" });
};
