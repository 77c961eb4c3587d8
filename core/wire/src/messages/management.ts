import { bytes, type Decoded, list, oneOf, struct, text, u32, u64, u8 } from "../codec.ts";
import { MAX_CONFIG_BYTES, MAX_FACTS, MAX_FACT_BYTES, MAX_FLOWS, MAX_NAME_BYTES, MAX_PORTS, MAX_SECURITY_PAIRS } from "./bounds.ts";
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

/** Lowest TLS versions as a message has them, by the names Node and the profiles have. */
export const TLS_CODE = { "TLSv1.2": 12, "TLSv1.3": 13 } as const;
/** See {@link TLS_CODE}. */
export type TlsName = keyof typeof TLS_CODE;
const tlsMinimum = oneOf([TLS_CODE["TLSv1.2"], TLS_CODE["TLSv1.3"]]);

/** The name of a code. */
export const tlsNameOf = (code: Decoded<typeof tlsMinimum>): TlsName => (code === TLS_CODE["TLSv1.2"] ? "TLSv1.2" : "TLSv1.3");

/**
 * What a domain has to keep of the signed security profiles (core/access). `tlsMin`: lowest TLS version of its own connections. The two lists are for those
 * who act for others: the network domain, which ends TLS for each domain, and an interaction domain, which seals for each pair of chains with
 * the first suite and opens none but these. Empty lists: the house has no profiles, and configurations and defaults say it all.
 */
export const securityOrder = struct({
  tlsMin: tlsMinimum,
  tls: list(struct({ domain: shortName, min: tlsMinimum }), 64),
  pairs: list(struct({ chain: text(40), peer: text(40), suites: list(text(32), 4) }), MAX_SECURITY_PAIRS),
});
/** See {@link securityOrder}. */
export type SecurityOrder = Decoded<typeof securityOrder>;

/** The order of a house without profiles. */
export const NO_PROFILES: SecurityOrder = { tlsMin: 12, tls: [], pairs: [] };

/** Port numbers by name, instance epoch, what the security profiles ask for, and the domain's configuration as JSON. Never a key. */
export const start = struct({
  epoch: u64,
  ports: list(struct({ name: shortName, port: u8 }), 64),
  security: securityOrder,
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
