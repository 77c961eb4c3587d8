import { CodedError, describeFailure, type Clock, type Failure, type Log } from "@crossguardian/kernel";
import { bounds, decodeMessage, messageName, type Codec, type Message } from "@crossguardian/wire";
import { answerControls } from "../answer-controls.ts";
import { makeLog } from "../make-log.ts";
import { makeNamedChannel, makePortNames } from "../named-channel.ts";
import { type PortChannel } from "../port-channel.ts";
import { readEnvironment, type Environment } from "./environment.ts";
import { openPortChannel } from "./open-port-channel.ts";
import { type DomainPowers } from "./powers.ts";
import { type SelfTest } from "../parse-self-test.ts";
import { readSelfTest } from "./read-self-test.ts";
import { makeStreams } from "./streams.ts";
import { systemClock, systemRandom } from "./system.ts";

/** A domain that gets no start order within this time ends, in ms. */
export const START_DEADLINE_MS = 30_000;
/** Time between two heartbeats, in ms. */
export const HEARTBEAT_MS = 250;
/** An orderly end waits so long for the domain's own stop handlers, in ms. */
export const STOP_DEADLINE_MS = 3_000;

/** Exit codes of a domain (sysexits(3) where one fits). */
export const EXIT = { orderly: 0, bug: 70, cannotStart: 71, channelEnded: 74, startLate: 75, torn: 76, config: 78 } as const;

const NETWORK_PORT_NAME = "network";
const MAX_GAUGES = 64;

/** What there is before a domain is active: nothing but management can be reached by then. */
export type WarmPowers = Pick<DomainPowers, "epoch" | "security" | "clock" | "log" | "rootKey" | "keyEpoch" | "dataPath">;

/** What a domain's main.ts hands over. */
export type DomainOptions<C> = {
  readonly configCodec: Codec<C>;
  /** What may be done before the domain is active: a standby does it while it waits. */
  readonly warm?: (config: C, powers: WarmPowers) => Promise<void> | void;
  readonly run: (powers: DomainPowers, config: C) => Promise<void> | void;
  /**
   * Loads modules that the domain imports when it has long begun its work, so that no start waits for them. Called here only where the channel ends before
   * a start order: the run that fills a code cache has to see everything that is loaded.
   */
  readonly later?: () => Promise<unknown>;
};

/** The process from its channel to its end: the part that does not depend on what the domain does. */
type Shell = {
  readonly ports: PortChannel;
  readonly log: Log;
  readonly clock: Clock;
  readonly environment: Environment;
  /** Read once, at the start: the /proc it is read in is taken away when the domain is admitted. */
  readonly selfTest: SelfTest;
  readonly exit: (code: number, why: string) => never;
};

const openShell = (atEnd: () => Promise<unknown>): Shell => {
  const environment = readEnvironment(process.env);
  const clock = systemClock;
  const exit = (code: number, why: string): never => {
    if (code === EXIT.orderly) log.info("domain.exit", { why });
    else log.alarm("domain.exit", { code, why });
    ports.flush();
    process.exit(code);
  };
  const ports: PortChannel = openPortChannel({
    origins: "peers",
    ...(environment.channelFd === null ? {} : { fd: environment.channelFd }),
    onRefused: (port: number, kind: number, failure: Failure) => {
      log.warn("message.refused", { port, kind: messageName(kind) ?? kind, code: failure.code });
    },
    onTorn: (failure) => exit(EXIT.torn, describeFailure(failure)),
    onEnd: () => void atEnd().finally(() => process.exit(EXIT.channelEnded)),
  });
  const log = makeLog(clock, (line) => ports.send(bounds.MANAGEMENT_PORT, "logLine", line));
  const crash = (kind: string) => (reason: unknown) => {
    const error = reason instanceof Error ? reason : new Error("thrown value is no Error");
    console.error(error);
    log.alarm("domain.crashed", {
      kind,
      error: error.name,
      code: error instanceof CodedError ? error.code : "none",
      message: error.message,
      at: (error.stack ?? "").split("\n").slice(1, 3).join(" ").trim(),
    });
    exit(EXIT.bug, "unhandled error");
  };
  process.on("uncaughtException", crash("exception"));
  process.on("unhandledRejection", crash("rejection"));
  return { ports, log, clock, environment, selfTest: readSelfTest(), exit };
};

const sayHello = ({ ports, environment, clock, selfTest, exit }: Shell): void => {
  const taken = ports.send(bounds.MANAGEMENT_PORT, "hello", {
    domain: environment.name,
    pid: process.pid,
    ...selfTest,
    startedMs: BigInt(Math.trunc(clock.wallMs() - process.uptime() * 1000)),
    epoch: environment.epoch ?? 0n,
  });
  if (!taken) exit(EXIT.cannotStart, "hello not taken");
};

/** Resolves with the first start order for this instance; later ones only renew the names. */
const waitForStart = (shell: Shell, takeNames: (start: Message<"start">) => void): Promise<Message<"start">> =>
  new Promise((resolve) => {
    const { ports, clock, environment, log, exit } = shell;
    const cancel = clock.after(START_DEADLINE_MS, () => exit(EXIT.startLate, "frontend.start.late"));
    ports.on("start", (port, start) => {
      if (port !== bounds.MANAGEMENT_PORT) return;
      if (environment.epoch !== null && start.epoch !== environment.epoch) {
        log.alarm("start.refused", { code: "frontend.start.stale", ours: environment.epoch, theirs: start.epoch });
        return;
      }
      cancel();
      takeNames(start);
      resolve(start);
    });
  });

const beat = ({ ports, clock }: Shell, gauges: ReadonlyMap<string, () => number>): void => {
  let sequence = 0n;
  let expectedMs = clock.monotonicMs();
  const one = (): void => {
    const lagMs = Math.max(0, clock.monotonicMs() - expectedMs);
    expectedMs = clock.monotonicMs() + HEARTBEAT_MS;
    const values = [["loop.lagMs", lagMs] as const, ...[...gauges].map(([name, value]) => [name, value()] as const)];
    ports.send(bounds.MANAGEMENT_PORT, "heartbeat", {
      sequence,
      gauges: values
        .filter(([, value]) => Number.isFinite(value) && value >= 0)
        .slice(0, MAX_GAUGES)
        .map(([name, value]) => ({ name, value: BigInt(Math.trunc(value)) })),
    });
    sequence += 1n;
    clock.after(HEARTBEAT_MS, one);
  };
  one();
};

const shellGauges = ({ ports }: Shell, streams: () => number): Map<string, () => number> =>
  new Map([
    ["channel.queuedBytes", ports.queuedBytes],
    ["channel.framesIn", () => ports.counts.framesIn],
    ["channel.framesOut", () => ports.counts.framesOut],
    ["channel.refused", () => ports.counts.refused],
    ["channel.full", () => ports.counts.full],
    ["streams.open", streams],
  ]);

/**
 * The life of a domain: channel on descriptor 3, hello with the self-test, start order, heartbeats, `run` once the switch says that it does the work
 * of its role, until the channel ends.
 * `run` should register its message handlers early: messages that come before are kept within HELD_AT_START_BYTES until it resolves.
 * Ends the process with one of {@link EXIT}. @throws frontend.channel.missing, .name.missing, .key.unreadable
 */
export const runDomain = async <C>(options: DomainOptions<C>): Promise<void> => {
  let isStarted = false;
  const shell = openShell(async () => (isStarted ? undefined : options.later?.()));
  const { ports, log, clock, environment, exit } = shell;
  const names = makePortNames();
  const controls = answerControls(ports, log);
  controls.add("hello-again", async () => {
    sayHello(shell);
    return {};
  });
  const stopHandlers: (() => Promise<void> | void)[] = [];
  const stop = async (why: string): Promise<void> => {
    clock.after(STOP_DEADLINE_MS, () => exit(EXIT.orderly, `${why}, stop handlers late`));
    for (const handler of stopHandlers) await handler();
    exit(EXIT.orderly, why);
  };
  process.on("SIGTERM", () => void stop("SIGTERM"));
  controls.add("stop", async () => {
    void stop("control");
    return {};
  });

  sayHello(shell);
  const start = await waitForStart(shell, ({ ports: list }) => names.replace(list));
  isStarted = true;
  const config = decodeMessage(options.configCodec, start.config);
  if (!config.ok) return exit(EXIT.config, `frontend.start.config: ${config.failure.code}`);
  const streams = makeStreams(ports, () => names.portOf(NETWORK_PORT_NAME), clock);
  const gauges = shellGauges(shell, streams.count);
  beat(shell, gauges);
  const powers: WarmPowers = {
    epoch: start.epoch,
    security: start.security,
    clock,
    log,
    rootKey: environment.rootKey?.key ?? null,
    keyEpoch: environment.rootKey?.epoch ?? 0n,
    dataPath: environment.dataPath,
  };
  await options.warm?.(config.value, powers);
  await new Promise<void>((resolve) => ports.onActive(resolve));
  log.info("domain.active", { epoch: start.epoch });
  await options.run(
    {
      ...powers,
      name: environment.name,
      channel: makeNamedChannel(ports, names, (port, name) => {
        log.warn("message.refused", { port, kind: name, code: "frontend.origin.unknown" });
      }),
      streams,
      random: systemRandom,
      gauge: (name, value) => gauges.set(name, value),
      onControl: controls.add,
      onStop: (handler) => stopHandlers.push(handler),
      exit,
    },
    config.value,
  );
  ports.stopHolding();
  controls.complete();
};
