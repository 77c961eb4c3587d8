import { hash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmodSync, chownSync, createWriteStream, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { CodedError } from "@crossguardian/kernel";
import { GUEST_ANSWER_DEADLINE_MS, MACHINE_DEADLINE_MS } from "../../limits.ts";
import { sleepScript, wakeScript } from "../../machine/guest-scripts.ts";
import { STATE_SOCKET } from "../../machine/qemu-command.ts";
import { BIRTH_SECRET_BYTES, reseedProgram } from "../../machine/reseed-program.ts";
import { type GuestLink } from "../machine/guest-link.ts";
import { isolationFolder } from "../oci-bundle.ts";
import { type QmpLink } from "./qmp-link.ts";

/** What is kept of a machine for its next start: the disk with its domains' image, and the state of its booted guest before anybody lived in it. */
export type MachineTemplate = {
  readonly image: string;
  /** Makes the disk where it is not there. */
  readonly ensureImage: (make: (target: string) => Promise<void>) => Promise<void>;
  /** Opens the kept state for reading; null where there is none. */
  readonly openState: () => number | null;
  readonly socket: string;
  readonly state: string;
  readonly forget: () => void;
};

/** @param key everything that the state depends on: another key, another state */
export const templateOf = (runDir: string, machine: string, key: string): MachineTemplate => {
  const folder = join(isolationFolder(runDir), "templates", machine);
  const [keyFile, state, image] = ["key", "state", "image.sqfs"].map((name) => join(folder, name)) as [string, string, string];
  const forget = (): void => rmSync(folder, { recursive: true, force: true });
  const digest = hash("sha256", key);
  if (!existsSync(keyFile) || readFileSync(keyFile, "utf8") !== digest) {
    forget();
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o700);
    writeFileSync(keyFile, digest);
  }
  return {
    image, state, forget, socket: join(folder, "state.sock"),
    ensureImage: async (make) => {
      if (existsSync(image)) return;
      await make(`${image}.new`);
      renameSync(`${image}.new`, image);
    },
    openState: () => (existsSync(state) ? openSync(state, "r") : null),
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

const LOOK_MS = 5;
const UNBOUNDED_BYTES_PER_S = 2 ** 40;

const fieldOf = (answer: unknown, field: string): unknown => (typeof answer === "object" && answer !== null ? (answer as Readonly<Record<string, unknown>>)[field] : undefined);

const untilStatus = async ({ run }: QmpLink, command: string, isOver: (status: unknown) => boolean, machine: string): Promise<void> => {
  const endMs = performance.now() + MACHINE_DEADLINE_MS;
  for (;;) {
    const status = fieldOf(await run(command), "status");
    if (isOver(status)) return;
    if (status === "failed" || performance.now() > endMs) throw new CodedError("isolation.machine.monitor", { machine, command, why: String(status).slice(0, 40) });
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
};

const order = async (link: GuestLink, script: string, word: string, machine: string): Promise<void> => {
  const { type } = await link.ask(script, (line) => (line.type === "done" || line.type === "failed") && line.name === word, GUEST_ANSWER_DEADLINE_MS);
  if (type === "failed") throw new CodedError("isolation.machine.unborn", { machine, step: word });
};

/** Keeps the state of a guest that has booted and knows nothing yet; it goes on afterwards. @throws isolation.machine.monitor, .silent, .unborn */
export const keepState = async (machine: string, link: GuestLink, qmp: QmpLink, taker: StateTaker): Promise<void> => {
  await order(link, sleepScript(reseedProgram()), "asleep", machine);
  await qmp.run("stop");
  await qmp.run("migrate-set-parameters", { "max-bandwidth": UNBOUNDED_BYTES_PER_S });
  await qmp.run("migrate", { uri: `unix:${STATE_SOCKET}` });
  await untilStatus(qmp, "query-migrate", (status) => status === "completed", machine);
  await taker.taken;
  await qmp.run("cont");
};

/** Waits until a kept state is loaded and has it go on. @throws isolation.machine.monitor */
export const goOn = async (machine: string, qmp: QmpLink): Promise<void> => {
  await untilStatus(qmp, "query-status", (status) => status !== "inmigrate", machine);
  await qmp.run("cont");
};

/**
 * Gives a guest a secret of its own, before it hears of any domain: two that go on from one state had the same random numbers otherwise.
 * @throws isolation.machine.silent, isolation.machine.unborn
 */
export const bearMachine = async (machine: string, link: GuestLink): Promise<void> => {
  await order(link, wakeScript(new Uint8Array(randomBytes(BIRTH_SECRET_BYTES))), "awake", machine);
};
