import { bytes, list, oneOf, struct, text, u32, u64, u8 } from "../codec.ts";
import { MAX_CONFIG_BYTES, MAX_FACTS, MAX_FACT_BYTES, MAX_FLOWS, MAX_NAME_BYTES, MAX_PORTS } from "./bounds.ts";
import { shortName } from "./common.ts";

const fact = struct({ key: text(MAX_NAME_BYTES), value: text(MAX_FACT_BYTES) });

/** A domain's own view of its jail, compared with its specification before it is routed. `epoch`: which start of the domain says it. */
export const hello = struct({
  domain: shortName,
  pid: u32,
  seccomp: u8,
  noNewPrivs: u8,
  capEff: text(32),
  uidMap: text(256),
  netDevices: list(text(32), 64),
  openFds: list(text(128), 256),
  startedMs: u64,
  epoch: u64,
});

/** Port numbers by name, instance epoch and the domain's configuration as JSON. Never a key. */
export const start = struct({
  epoch: u64,
  ports: list(struct({ name: shortName, port: u8 }), 64),
  config: bytes(MAX_CONFIG_BYTES),
});

/** Liveness and a few gauges: numbers only. */
export const heartbeat = struct({
  sequence: u64,
  gauges: list(struct({ name: text(MAX_NAME_BYTES), value: u64 }), 64),
});

/** One log line: level 0 info, 1 warn, 2 alarm. */
export const logLine = struct({
  level: oneOf([0, 1, 2]),
  event: shortName,
  facts: list(fact, MAX_FACTS),
});

/** An order of the management domain to a domain: stop, or answer a question about a transfer. */
export const control = struct({ command: shortName, argument: text(1024) });

/** Answer to a control question: JSON text. */
export const controlAnswer = struct({ command: shortName, answer: bytes(256 * 1024) });

/** Management to switch: open or close the routes of a port (0 close, 1 open, 2 open also where the switch itself closed it); `epoch` is the port's instance. */
export const admit = struct({ port: u8, open: u8, epoch: u64 });

/**
 * Switch to management, ten times a second: what passed each port since it came, what waits for it, for how long the oldest
 * of that, and how often the port was stopped or refused; and what was let through from port to port.
 */
export const portCounters = struct({
  ports: list(
    struct({
      port: u8,
      framesIn: u64,
      bytesIn: u64,
      framesOut: u64,
      bytesOut: u64,
      queuedBytes: u64,
      oldestMs: u32,
      pauses: u64,
      refused: u64,
    }),
    MAX_PORTS,
  ),
  flows: list(struct({ from: u8, to: u8, frames: u64, bytes: u64 }), MAX_FLOWS),
});

/** Switch to management: what a port did against the policy, or that it came or went. */
export const portEvent = struct({ port: u8, name: shortName, event: shortName, count: u64 });

/**
 * Switch to management: it closed the port, because its instance broke a rule. `passed`: frames of it that had gone to others than management; `atMs`: the decision, by
 * the wall clock; `tookUs`: from there until nothing passed any more.
 */
export const cutOff = struct({ port: u8, epoch: u64, cause: shortName, passed: u64, atMs: u64, tookUs: u32 });

/** Management to switch: the standby at this port, in this instance, takes the place of whoever does its role's work. */
export const promote = struct({ port: u8, epoch: u64 });
