import { spawnSync } from "node:child_process";
import { generateKeyPairSync, randomBytes, randomInt, randomUUID, webcrypto } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { copyFileSync, linkSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { connect, createServer, Socket } from "node:net";
import { release, totalmem } from "node:os";
import { createInterface } from "node:readline";
import { Worker } from "node:worker_threads";

type Answer = Record<string, unknown>;

const channelFd = Number(process.env["CG_CHANNEL"] ?? "3");
const channel = new Socket({ fd: channelFd, readable: true, writable: true });

const codeOf = (run: () => void): Answer => {
  try {
    run();
    return { code: "" };
  } catch (error) {
    return { code: (error as NodeJS.ErrnoException).code, message: String(error) };
  }
};

const failing = async (emitter: NodeJS.EventEmitter): Promise<unknown> => {
  const [error] = (await once(emitter, "error")) as [NodeJS.ErrnoException];
  return error.code;
};

const tcpConnect = async (host: string): Promise<unknown> => {
  const socket = connect({ host, port: 9 });
  return failing(socket);
};

const tcpListen = async (): Promise<unknown> => {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  return failing(server);
};

const udpBind = async (): Promise<unknown> => {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  return failing(socket);
};

// What a domain would take for secret: a key, a nonce, a name, and the numbers of a generator that is not for secrets.
const randomness = async (): Promise<Answer> => ({
  pooled: await new Promise((resolve, reject) => {
    randomBytes(24, (error, bytes) => {
      if (error === null) resolve(bytes.toString("hex"));
      else reject(error);
    });
  }),
  exchange: generateKeyPairSync("x25519").publicKey.export({ format: "der", type: "spki" }).toString("hex"),
  curve: generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "der", type: "spki" }).toString("hex"),
  values: Buffer.from(webcrypto.getRandomValues(new Uint8Array(24))).toString("hex"),
  number: randomInt(2 ** 47),
  nonce: randomBytes(24).toString("hex"),
  key: generateKeyPairSync("ed25519").publicKey.export({ format: "der", type: "spki" }).toString("hex"),
  uuid: randomUUID(),
  math: Math.random(),
});

const devices = (): readonly string[] =>
  readFileSync("/proc/self/net/dev", "utf8")
    .split("\n")
    .flatMap((line) => /^\s*(\S+):/.exec(line)?.[1] ?? []);

const network = async (): Promise<Answer> => ({
  devices: devices(),
  tcp4: await tcpConnect("127.0.0.1"),
  tcp6: await tcpConnect("::1"),
  listen: await tcpListen(),
  udp: await udpBind(),
});

// What libuv made for itself is anonymous or the null device; what was inherited leads to a file or was opened before it.
const fds = (): Answer => {
  const named = readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return Number(fd) <= 2 || Number(fd) === channelFd || !/^((anon_inode|pipe|socket):|\/dev\/null$)/.test(readlinkSync(`/proc/self/fd/${fd}`));
    } catch {
      return false;
    }
  });
  return { named: named.sort() };
};

const status = (): Answer => {
  const lines = readFileSync("/proc/self/status", "utf8").split("\n").map((line) => line.split(/:\s*/));
  return { ...Object.fromEntries(lines), uidMap: readFileSync("/proc/self/uid_map", "utf8") };
};

const execute = (path: string): Answer => {
  const folder = readdirSync("/").includes("lib64") ? "/lib/x86_64-linux-gnu" : "/lib/aarch64-linux-gnu";
  copyFileSync(`${folder}/libgcc_s.so.1`, path);
  return codeOf(() => {
    process.dlopen({ exports: {} }, path);
  });
};

const hoard = (): Answer => {
  const kept: Uint8Array[] = [];
  for (;;) kept.push(new Uint8Array(4 * 1024 * 1024).fill(kept.length + 1));
};

const threads = async (): Promise<Answer> => {
  const workers: Worker[] = [];
  for (let count = 0; count < 30; count += 1) {
    const worker = new Worker("setInterval(() => {}, 1000)", { eval: true });
    const outcome = await Promise.race([once(worker, "online").then(() => "online"), failing(worker).catch(() => "failed")]);
    if (outcome !== "online") return { started: workers.length };
    workers.push(worker);
  }
  return { started: workers.length };
};

const busy = (durationMs: number): Answer => {
  const start = performance.now();
  let nowMs = start;
  let longestGapMs = 0;
  while (nowMs - start < durationMs) {
    const beforeMs = nowMs;
    nowMs = performance.now();
    longestGapMs = Math.max(longestGapMs, nowMs - beforeMs);
  }
  return { wallMs: nowMs - start, longestGapMs };
};

const answer = async (command: string, argument: string): Promise<Answer> => {
  switch (command) {
    case "ping":
      return { ok: true };
    case "env":
      return { ...process.env };
    case "read":
      try {
        return { code: "", text: readFileSync(argument, "utf8").slice(0, 100) };
      } catch (error) {
        return { code: (error as NodeJS.ErrnoException).code };
      }
    case "write":
      return codeOf(() => {
        writeFileSync(argument, "x", { flush: true }); // a machine may end at any time, and with it what its kernel has not written
      });
    case "link": {
      const hard = codeOf(() => {
        linkSync("/data/x", argument);
      });
      const soft = codeOf(() => {
        symlinkSync("/etc/shadow", argument);
      });
      return hard["code"] === soft["code"] ? hard : { hard, soft };
    }
    case "execute":
      return execute(argument);
    case "fds":
      return fds();
    case "status":
      return status();
    case "random":
      return randomness();
    case "kernel":
      return { release: release(), memoryBytes: totalmem() };
    case "network":
      return network();
    case "connect":
      return { code: await tcpConnect("127.0.0.1") };
    case "spawn": {
      const { error } = spawnSync(process.execPath, ["--version"]);
      return { code: (error as NodeJS.ErrnoException | undefined)?.code ?? "" };
    }
    case "hoard":
      return hoard();
    case "threads":
      return threads();
    case "fill":
      return codeOf(() => {
        writeFileSync(argument, new Uint8Array(8 * 1024 * 1024));
      });
    case "busy":
      return busy(Number(argument));
    case "exit":
      process.exit(Number(argument));
  }
  return { unknown: command };
};

const handle = async (line: string): Promise<void> => {
  const [command = "", argument = ""] = line.split(" ");
  channel.write(`${JSON.stringify(await answer(command, argument))}\n`);
};

createInterface({ input: channel }).on("line", (line) => {
  void handle(line);
});
channel.on("end", () => process.exit(0));
channel.write(`${JSON.stringify({ upMs: performance.now() })}\n`);
