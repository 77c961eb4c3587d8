import { closeSync, readFileSync } from "node:fs";
import { openPortChannel, systemClock } from "@crossguardian/frontend";
import { makeCrypto } from "@crossguardian/crypto";
import { CodedError, decodeKeySlot, describeFailure, type Fact, type Log } from "@crossguardian/kernel";
import { openLauncherLine } from "./adapters/launcher-line.ts";
import { lookAtProcess } from "./adapters/look-at-process.ts";
import { openLogFiles } from "./adapters/log-files.ts";
import { openOperations, type Operations } from "./adapters/open-operations.ts";
import { securityOrderOf } from "./access/security-order.ts";
import { decodeHouse, decodeLauncherLine } from "./decode-launcher.ts";
import { makeOverseer } from "./oversee.ts";
import { auditOfResponse } from "./response/audit-of-response.ts";
import { type ResponseRecord } from "./response/step.ts";

const LAUNCHER_FD = 4;
const EXIT_CHANNEL_ENDED = 74;
const EXIT_TORN = 76;
const EXIT_CONFIG = 78;
const MAX_WHY_CHARS = 400;
const LEVELS = ["info", "warn", "alarm"] as const;

const house = decodeHouse(readFileSync(process.env["CG_MANAGEMENT"] ?? "", "utf8"), (text) => new Uint8Array(Buffer.from(text, "base64")));
const files = openLogFiles(house.logs);

const keep = (domain: string, level: string, event: string, facts: Readonly<Record<string, Fact>>): void => {
  const plain = Object.fromEntries(Object.entries(facts).map(([key, fact]) => [key, typeof fact === "bigint" ? fact.toString() : fact]));
  files.append(domain, JSON.stringify({ atMs: Date.now(), domain, level, event, ...plain }));
};
const plainRecord = (_key: string, value: unknown): unknown => (typeof value === "bigint" ? value.toString() : value);
const write = (level: string) => (event: string, facts: Readonly<Record<string, Fact>> = {}): void => keep("management", level, event, facts);
const log: Log = { info: write("info"), warn: write("warn"), alarm: write("alarm") };

const end = (code: number, why: string): never => {
  log.info("management.exit", { code, why });
  files.flush();
  process.exit(code);
};

const takeLine = (text: string): void => {
  const decoded = decodeLauncherLine(text);
  if (decoded.ok) overseer.onLauncher(decoded.value);
  else log.alarm("launcher.malformed", { code: decoded.failure.code });
};
// Lines that come while the log is opened wait; the launcher sends one for each domain.
const early: string[] = [];
let onLine = (text: string): void => void early.push(text);
const line = openLauncherLine(LAUNCHER_FD, { line: (text) => onLine(text), end: () => end(EXIT_CHANNEL_ENDED, "launcher ended") });

/** The key, once: after this no descriptor of it is left. */
const readKey = (): Uint8Array | null => {
  const fd = Number(process.env["CG_KEY_FD"] ?? "");
  if (fd === 0) return null;
  const bytes = new Uint8Array(readFileSync(fd));
  closeSync(fd);
  return decodeKeySlot(bytes).key;
};
const crypto = await makeCrypto();
const openOrEnd = async (): Promise<Operations> => {
  try {
    return await openOperations({
      house, log, clock: systemClock, crypto,
      rootKey: readKey(),
      dataPath: process.env["CG_DATA"] ?? null,
      onCheckpoint: (note) => line.send({ type: "checkpoint", note }),
    });
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    line.send({ type: "refused", name: process.env["CG_NAME"] ?? "", epoch: process.env["CG_EPOCH"] ?? "", why: error.message.slice(0, MAX_WHY_CHARS) });
    log.alarm("management.refused", { code: error.code, ...error.failure.facts });
    return end(EXIT_CONFIG, error.message);
  }
};
const { orders, access, audit, profiles, prepareKey } = await openOrEnd();
const keepResponse = (record: ResponseRecord): void => {
  files.append("responses", JSON.stringify(record, plainRecord));
  audit.append(auditOfResponse(record)).catch((error: unknown) => log.alarm("audit.missed", { why: error instanceof CodedError ? error.code : "unknown" }));
};
// Only now, because what the switch says before there is somebody to hear it is not kept.
const channel = openPortChannel({
  origins: "any",
  onRefused: (port, kind, failure) => log.warn("message.refused", { port, kind, code: failure.code }),
  onTorn: (failure) => end(EXIT_TORN, describeFailure(failure)),
  onEnd: () => end(EXIT_CHANNEL_ENDED, "channel ended"),
});
const overseer = makeOverseer(house, {
  clock: systemClock,
  channel,
  tellLauncher: line.send,
  log,
  keepLine: (domain, { level, event, facts }) =>
    keep(domain, LEVELS[level], event, Object.fromEntries(facts.map(({ key, value }) => [key, value]))),
  lookAt: lookAtProcess,
  keepResponse,
  keepLoan: (record) => {
    files.append("responses", JSON.stringify(record));
    const { domain, epoch, says, facts } = record;
    audit
      .append({ event: "resources.lend", who: "management", action: "setResources", resource: domain, decision: "done", why: says, facts: { ...facts, epoch } })
      .catch((error: unknown) => log.alarm("audit.missed", { why: error instanceof CodedError ? error.code : "unknown" }));
  },
  random: crypto.random,
  security: (domain) => securityOrderOf(profiles, house.house, house.domains, domain),
  permits: access === null ? () => true : access.permits,
  ...(orders === null ? {} : { orders }),
  ...(prepareKey === null ? {} : { own: { name: process.env["CG_NAME"] ?? "", epoch: BigInt(process.env["CG_EPOCH"] ?? "0"), prepare: prepareKey } }),
});
process.on("SIGTERM", () => end(0, "SIGTERM"));
channel.stopHolding();
onLine = takeLine;
early.forEach(takeLine);
overseer.begin();
