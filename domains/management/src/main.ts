import { readFileSync } from "node:fs";
import { openPortChannel, systemClock } from "@crossguardian/frontend";
import { describeFailure, type Fact, type Log } from "@crossguardian/kernel";
import { openLauncherLine } from "./adapters/launcher-line.ts";
import { openLogFiles } from "./adapters/log-files.ts";
import { decodeHouse, decodeLauncherLine } from "./decode-launcher.ts";
import { makeOverseer } from "./oversee.ts";

const LAUNCHER_FD = 4;
const EXIT_CHANNEL_ENDED = 74;
const EXIT_TORN = 76;
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

const channel = openPortChannel({
  onRefused: (port, kind, failure) => log.warn("message.refused", { port, kind, code: failure.code }),
  onTorn: (failure) => end(EXIT_TORN, describeFailure(failure)),
  onEnd: () => end(EXIT_CHANNEL_ENDED, "channel ended"),
});
const line = openLauncherLine(LAUNCHER_FD, {
  line: (text) => {
    const decoded = decodeLauncherLine(text);
    if (decoded.ok) overseer.onLauncher(decoded.value);
    else log.alarm("launcher.malformed", { code: decoded.failure.code });
  },
  end: () => end(EXIT_CHANNEL_ENDED, "launcher ended"),
});
const overseer = makeOverseer(house, {
  clock: systemClock,
  channel,
  tellLauncher: line.send,
  log,
  keepLine: (domain, { level, event, facts }) =>
    keep(domain, LEVELS[level], event, Object.fromEntries(facts.map(({ key, value }) => [key, value]))),
  keepResponse: (record) => files.append("responses", JSON.stringify(record, plainRecord)),
});
process.on("SIGTERM", () => end(0, "SIGTERM"));
channel.stopHolding();
overseer.begin();
