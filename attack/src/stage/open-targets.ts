import { randomBytes, randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, readSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { join } from "node:path";

import { CodedError } from "@crossguardian/kernel";
import { type World } from "@crossguardian/world";

import { type Cell, type Cells } from "../cell/cells.ts";
import { procText } from "../cell/probe-run.ts";
import { readCells, REPORT_MARK } from "../native/assemble.ts";
import { operatorObjects, operatorTerminal, victimProgram } from "./fixtures.ts";
import { PLACES } from "./places.ts";
import { type Listener, type Targets } from "./targets.ts";

/** The terminal's program looks every 10 ms. */
const TERMINAL_MS = 120;
/** A module of the running gateway. */
const OTHER_MODULE = "module-a-data";
const REPORT_DEADLINE_MS = 30_000;
const MAX_HEARD_CHARS = 65_536;

const secretOf = (): string => `secret-${randomBytes(12).toString("hex")}`;

const CATCH_UP_MS = 2_000;

/** Says something to a listener oneself and waits until it is heard: what came before has been heard then. */
const catchUp = async (heard: () => string, say: (mark: string) => void): Promise<void> => {
  const mark = `mark-${randomBytes(6).toString("hex")}`;
  say(mark);
  const until = performance.now() + CATCH_UP_MS;
  while (!heard().includes(mark)) {
    if (performance.now() > until) throw new CodedError("attack.cell.failed", { why: "a listener does not listen" });
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await new Promise((resolve) => setImmediate(resolve));
};

const listen = async (path: string | { readonly host: string }): Promise<Listener & { readonly close: () => void }> => {
  let heard = "";
  const server = createServer((socket) => {
    socket.on("error", () => undefined).on("data", (part: Buffer) => {
      heard = (heard + part.toString("latin1")).slice(-MAX_HEARD_CHARS);
    });
  });
  if (typeof path === "string") server.listen(path);
  else server.listen(0, path.host);
  await once(server, "listening");
  const at = typeof path === "string" ? path : path.host;
  if (typeof path === "string" && !path.startsWith("\0")) chmodSync(path, 0o600); // as the launcher's own
  return {
    at,
    port: typeof path === "string" ? 0 : (server.address() as AddressInfo).port,
    heard: () => heard,
    forget: () => {
      heard = "";
    },
    caughtUp: async () =>
      catchUp(() => heard, (mark) => {
        const address = server.address();
        const socket = typeof path === "string" ? connect(path) : connect({ host: path.host, port: (address as AddressInfo).port });
        socket.on("error", () => undefined).end(mark);
      }),
    close: () => server.close(),
  };
};

const listenUdp = async (): Promise<Listener & { readonly close: () => void }> => {
  let heard = "";
  const socket = createSocket("udp4").on("message", (part: Buffer) => {
    heard = (heard + part.toString("latin1")).slice(-MAX_HEARD_CHARS);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    at: "127.0.0.1",
    port: socket.address().port,
    heard: () => heard,
    forget: () => {
      heard = "";
    },
    caughtUp: async () => catchUp(() => heard, (mark) => socket.send(mark, socket.address().port, "127.0.0.1")),
    close: () => socket.close(),
  };
};

const hide = (path: string, secret: string, mode: number): { readonly path: string; readonly secret: string } => {
  writeFileSync(path, `${secret}\n`, { mode });
  return { path, secret };
};

const memoryAt = (pid: number, address: number, length: number): string => {
  try {
    const fd = openSync(`/proc/${pid}/mem`, "r");
    const bytes = Buffer.alloc(length);
    readSync(fd, bytes, 0, length, address);
    closeSync(fd);
    return bytes.toString("latin1");
  } catch {
    return "";
  }
};

const reportOf = (cell: Cell): readonly bigint[] => {
  const told = cell.told();
  return readCells(told.subarray(told.indexOf(REPORT_MARK) + REPORT_MARK.length));
};

const started = async (cells: Cells, elf: Uint8Array, name: string, isJailed: boolean): Promise<Cell> => {
  const cell = await cells.start(elf, { ...PLACES.plugin, name, isolation: "oci" }, isJailed ? new Set() : "all");
  cell.ear.send(1);
  if ((await cell.ear.reported(REPORT_DEADLINE_MS)) !== "reported") {
    await cell.end();
    throw new CodedError("attack.cell.failed", { why: "a thing to aim at did not come up", name });
  }
  return cell;
};

/** Lays out everything that hostile programs aim at. */
export const openTargets = async (cells: Cells, launcherSecret: string, world: World | null): Promise<{ readonly targets: Targets; readonly close: () => Promise<void> }> => {
  const folder = join(cells.folder, "host");
  mkdirSync(folder, { mode: 0o755 });
  chmodSync(folder, 0o755);
  const word = `word-${randomBytes(8).toString("hex")}`;
  const victimSecret = secretOf();
  const ipc = { key: randomInt(0x1000_0000, 0x7000_0000), queue: `cg-${randomBytes(6).toString("hex")}`, keyName: `cg-${randomBytes(6).toString("hex")}`, secret: secretOf() };
  const close: (() => Promise<void> | void)[] = [];
  const opened = <T extends { readonly close: () => void }>(thing: T): T => {
    close.push(thing.close);
    return thing;
  };
  try {
    const { elf, address } = victimProgram(victimSecret);
    const victimName = `victim-${randomBytes(4).toString("hex")}`;
    let victim = await started(cells, elf, victimName, true);
    const isAlive = (pid: number): boolean => /^State:\s*[^ZX]/mu.test(procText(pid, "status"));
    close.push(async () => victim.end());
    const objects = await started(cells, operatorObjects(ipc), "objects", false);
    close.push(async () => {
      objects.ear.send(1); // it takes its objects away, then ends
      await Promise.race([objects.exited, new Promise((resolve) => setTimeout(resolve, 1_000))]);
      await objects.end();
    });
    const terminal = await started(cells, operatorTerminal(), "terminal", false);
    close.push(async () => terminal.end());
    const terminalNumber = Number(reportOf(terminal)[0] ?? -1n);
    let terminalHeardFrom = terminal.told().length;
    const revive = async (): Promise<void> => {
      await victim.end();
      victim = await started(cells, elf, victimName, true);
    };
    const key = world === null ? null : world.slots.pathOf("interaction-gateway-a");
    const moduleKey = world?.slots.has(OTHER_MODULE) === true ? world.slots.pathOf(OTHER_MODULE) : null;
    const volume = world === null ? folder : join(world.terms.dataDir, "gateway-a", "volumes", "interaction");
    const logs = world === null ? folder : join(world.terms.dataDir, "gateway-a", "logs");
    const targets: Targets = {
      folder,
      rootFile: hide(join(folder, "root-only"), secretOf(), 0o600),
      foreignKey: key === null ? hide(join(folder, "foreign-key"), secretOf(), 0o600) : { path: key, secret: readFileSync(key).toString("latin1") },
      moduleKey: moduleKey === null ? hide(join(folder, "module-key"), secretOf(), 0o600) : { path: moduleKey, secret: readFileSync(moduleKey).toString("latin1") },
      foreignVolume: hide(join(volume, `volume-${word}`), secretOf(), 0o600),
      log: hide(join(logs, `log-${word}`), secretOf(), 0o600),
      victimFile: hide(join(folder, "to-be-changed"), secretOf(), 0o644).path,
      victim: {
        pid: () => victim.pid,
        address,
        secret: victimSecret,
        name: victimName,
        alive: () => isAlive(victim.pid),
        memory: () => memoryAt(victim.pid, address, victimSecret.length),
        revive,
        ensure: async () => {
          if (!isAlive(victim.pid)) await revive();
        },
      },
      ipc,
      terminal: {
        number: () => terminalNumber,
        heard: () => terminal.told().subarray(terminalHeardFrom).toString("latin1"),
        forget: () => {
          terminalHeardFrom = terminal.told().length;
        },
        caughtUp: async () => new Promise((resolve) => setTimeout(resolve, TERMINAL_MS)),
      },
      unixPath: opened(await listen(join(folder, "lab.sock"))),
      abstract: opened(await listen(`\0${word}`)),
      tcp: opened(await listen({ host: "127.0.0.1" })),
      tcp6: opened(await listen({ host: "::1" })),
      udp: opened(await listenUdp()),
      gateway:
        world === null
          ? null
          : {
              nodePort: Number(new URL(world.chains.get("A")?.url ?? "http://127.0.0.1:1").port),
              ordererPort: world.terms.ordererPort,
              controlSocket: join(world.terms.runDir, "gateway-a", "control.sock"),
              intakeSocket: join(world.terms.runDir, "gateway-a", "intakes", "A.sock"),
            },
      launcherSecret,
      word,
    };
    return {
      targets,
      close: async () => {
        for (const step of close.splice(0).reverse()) await step();
      },
    };
  } catch (error) {
    for (const step of close.splice(0).reverse()) await step();
    throw error;
  }
};
