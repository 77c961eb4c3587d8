import { fork, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  decodeMessage,
  encodeMessage,
  frameBytes,
  gatherFrames,
  makeFrameDecoder,
  maxPayloadBytes,
  MESSAGES,
  type Frame,
  type Message,
} from "@crossguardian/wire";
import { PORT_KINDS } from "../src/index.ts";

/**
 * What the switch adds: round trips and throughput between two processes over one unix socket, and over two with the
 * switch between them. Prints one JSON line. The switch decodes and rewrites each message (`privateBody`, 500 bytes).
 * Half the difference of the two round trips is what one passage through the switch adds.
 */
const ROUND_TRIPS = Number(process.env["CG_BENCH_ROUND_TRIPS"] ?? "20000");
const MESSAGE_COUNT = Number(process.env["CG_BENCH_MESSAGES"] ?? "400000");
const WINDOW = 4000; // messages on their way: far below the credit of a way
const PAYLOAD_BYTES = 500;

const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "cg-hop-"));
const children: ChildProcess[] = [];
let pairs = 0;

const channelPair = async (): Promise<[Socket, Socket]> => {
  pairs += 1;
  const path = join(folder, String(pairs));
  const server = createServer({ pauseOnConnect: true });
  server.listen(path);
  await once(server, "listening");
  const client = connect(path);
  client.pause();
  const [[accepted]] = (await Promise.all([once(server, "connection"), once(client, "connect")])) as [[Socket], unknown];
  server.close();
  return [client, accepted];
};

const startFarEnd = (channel: Socket, mode: string, answerTo: number): void => {
  const child = spawn(process.execPath, [pathOf("./far-end.ts"), mode, String(answerTo)], {
    stdio: ["ignore", "inherit", "inherit", channel],
  });
  children.push(child);
};

/** Hands the switch's events over until one is the awaited one; then the socket is paused again. */
const onEvents = (socket: Socket, isLast: (event: Message<"portEvent">) => boolean): Promise<void> =>
  new Promise((resolve) => {
    const decoder = makeFrameDecoder(maxPayloadBytes);
    const take = (piece: Uint8Array): void => {
      const frames = decoder.push(piece);
      if (!frames.ok) throw new Error(frames.failure.code);
      for (const { kind, payload } of frames.value) {
        const event = kind === MESSAGES.portEvent.number ? decodeMessage(MESSAGES.portEvent.codec, payload) : null;
        if (event?.ok !== true || !isLast(event.value)) continue;
        socket.off("data", take);
        socket.pause();
        resolve();
      }
    };
    socket.on("data", take);
    socket.resume();
  });

/** Ports 1 (us) and 2 (far end), both admitted, nothing limited. */
const throughSwitch = async (mode: string): Promise<Socket> => {
  const theSwitch = fork(pathOf("../src/main.ts"), { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  children.push(theSwitch);
  const limits = PORT_KINDS.map((kind) => `limit ${kind} 100000000 100000000000 # none`).join("\n");
  const text = `10 plugin interaction privateBody # there\n20 interaction plugin privateBody,privateBodyTaken # back\n30 management switch admit # open\n40 switch * portEvent,credit # news\n900 * * deny # default\n${limits}`;
  theSwitch.send({ type: "policy", text, cutsOff: true });
  await once(theSwitch, "message");
  const ends = [await channelPair(), await channelPair(), await channelPair()] as const;
  const kinds = ["management", "plugin", "interaction"];
  for (const [number, [, held]] of ends.entries()) {
    theSwitch.send({ type: "port", number, name: `port-${number}`, kind: kinds[number], chain: null, role: number, isFirst: true }, held);
  }
  const [management, ours, far] = ends;
  startFarEnd(far[0], mode, 1);
  const admit = (port: number): void => {
    const payload = encodeMessage(MESSAGES.admit.codec, { port, open: 1, epoch: 0n });
    const frame = { kind: MESSAGES.admit.number, port: 255, parts: [payload], payloadBytes: payload.length };
    management[0].write(gatherFrames([frame])[0] ?? "");
  };
  void onEvents(management[0], ({ port, event }) => {
    if (event === "port.attached") admit(port);
    return false;
  });
  await onEvents(ours[0], ({ port, event }) => port === 2 && event === "port.up");
  return ours[0];
};
const direct = async (mode: string): Promise<Socket> => {
  const [ours, far] = await channelPair();
  startFarEnd(far, mode, 1);
  return ours;
};

const payload = encodeMessage(MESSAGES.privateBody.codec, {
  chain: "A",
  bodyHash: new Uint8Array(32),
  sealed: new Uint8Array(PAYLOAD_BYTES),
});
const frame = { kind: MESSAGES.privateBody.number, port: 2, parts: [payload], payloadBytes: payload.length };
const oneFrame = Buffer.concat(gatherFrames([frame]));

const reading = (socket: Socket, take: (frame: Frame) => void): void => {
  const decoder = makeFrameDecoder(maxPayloadBytes);
  socket.on("data", (piece) => {
    const frames = decoder.push(piece);
    if (!frames.ok) throw new Error(frames.failure.code);
    for (const each of frames.value) if (each.port !== 255) take(each);
  });
  socket.resume();
};

const percentile = (sorted: Float64Array, share: number): number =>
  Math.round((sorted[Math.floor((sorted.length - 1) * share)] ?? 0) * 10) / 10;

const roundTrips = async (socket: Socket): Promise<{ p50: number; p99: number }> => {
  const took = new Float64Array(ROUND_TRIPS);
  let done = 0;
  let startedMs = 0;
  const warmUp = Math.min(3000, ROUND_TRIPS);
  await new Promise<void>((resolve) => {
    const next = (): void => {
      startedMs = performance.now();
      socket.write(oneFrame);
    };
    reading(socket, () => {
      const index = done - warmUp;
      if (index >= 0) took[index] = (performance.now() - startedMs) * 1000;
      done += 1;
      if (done === ROUND_TRIPS + warmUp) resolve();
      else next();
    });
    next();
  });
  socket.destroy();
  took.sort();
  return { p50: percentile(took, 0.5), p99: percentile(took, 0.99) };
};

const throughput = async (socket: Socket): Promise<{ messagesPerSecond: number; megabytesPerSecond: number }> => {
  const BURST = 100;
  const burst = Buffer.concat(gatherFrames(Array.from({ length: BURST }, () => frame)));
  let sent = 0;
  let acknowledged = 0;
  const startedMs = performance.now();
  await new Promise<void>((resolve) => {
    const more = (): void => {
      while (sent < MESSAGE_COUNT && sent - acknowledged < WINDOW) {
        socket.write(burst);
        sent += BURST;
      }
    };
    reading(socket, () => {
      acknowledged += 1000;
      if (acknowledged >= MESSAGE_COUNT) resolve();
      else more();
    });
    more();
  });
  const seconds = (performance.now() - startedMs) / 1000;
  socket.destroy();
  return {
    messagesPerSecond: Math.round(MESSAGE_COUNT / seconds),
    megabytesPerSecond: Math.round((MESSAGE_COUNT * frameBytes(payload.length)) / seconds / 1e6),
  };
};

const stopChildren = async (): Promise<void> => {
  const ending = children.splice(0).map(async (child) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill();
    await once(child, "exit");
  });
  await Promise.all(ending);
};

const measure = async <T>(socket: Promise<Socket>, how: (socket: Socket) => Promise<T>): Promise<T> => {
  try {
    return await how(await socket);
  } finally {
    await stopChildren();
  }
};

try {
  const directTrip = await measure(direct("echo"), roundTrips);
  const switchTrip = await measure(throughSwitch("echo"), roundTrips);
  const directRate = await measure(direct("sink"), throughput);
  const switchRate = await measure(throughSwitch("sink"), throughput);
  console.log(
    JSON.stringify({
      what: "switch hop",
      processors: cpus().length,
      load: loadavg()[0],
      payloadBytes: payload.length,
      roundTripUs: { direct: directTrip, throughSwitch: switchTrip },
      addedPerPassageUs: {
        p50: Math.round((switchTrip.p50 - directTrip.p50) * 5) / 10,
        p99: Math.round((switchTrip.p99 - directTrip.p99) * 5) / 10,
      },
      rate: { direct: directRate, throughSwitch: switchRate },
    }),
  );
} finally {
  await stopChildren();
  rmSync(folder, { recursive: true, force: true });
}
