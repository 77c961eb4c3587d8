import { failure, refuse, ok, type Result } from "@crossguardian/kernel";
import { type FromManagement, HOLD_STEPS } from "./management-lines.ts";

const MAX_WHY_CHARS = 512;
/** Longest checkpoint kept for management, in characters. */
export const MAX_CHECKPOINT_CHARS = 2_048;

const text = (untrusted: unknown, maxChars: number): string | null =>
  typeof untrusted === "string" && untrusted.length <= maxChars ? untrusted : null;

const parse = (untrustedLine: string): Readonly<Record<string, unknown>> | null => {
  try {
    const value: unknown = JSON.parse(untrustedLine);
    if (typeof value !== "object" || value === null) return null;
    return value as Readonly<Record<string, unknown>>; // an object was checked above; each field is checked below
  } catch {
    return null;
  }
};

/** Decodes a line of the management domain. Errors: launch.line.malformed. */
export const decodeManagementLine = (untrustedLine: string): Result<FromManagement> => {
  const line = parse(untrustedLine);
  const malformed = refuse(failure("launch.line.malformed", { chars: untrustedLine.length }));
  if (line === null) return malformed;
  const type = line["type"];
  if (type === "ready") return ok({ type });
  if (type === "answer") {
    const { id, ok: isOk } = line;
    const answer = text(line["answer"], 300 * 1024);
    if (typeof id !== "number" || typeof isOk !== "boolean" || answer === null) return malformed;
    return ok({ type, id, ok: isOk, answer });
  }
  if (type === "checkpoint") {
    const note = text(line["note"], MAX_CHECKPOINT_CHARS);
    return note === null ? malformed : ok({ type, note });
  }
  if (type === "whitelist") return typeof line["on"] === "boolean" ? ok({ type, on: line["on"] }) : malformed;
  const name = text(line["name"], 40);
  const epoch = text(line["epoch"], 20);
  if (name === null || epoch === null) return malformed;
  if (type === "admitted") return ok({ type, name, epoch });
  if (type === "hold") {
    const step = HOLD_STEPS.find((each) => each === line["step"]);
    const { cpuPercent } = line;
    if (step === undefined || (cpuPercent !== null && typeof cpuPercent !== "number")) return malformed;
    return ok({ type, name, epoch, step, cpuPercent });
  }
  if (type === "allocate") return typeof line["lends"] === "boolean" ? ok({ type, name, epoch, change: line["change"], lends: line["lends"] }) : malformed;
  const key = text(line["key"], 64);
  if (type === "key") return key !== null && /^[0-9a-f]{64}$/u.test(key) ? ok({ type, name, epoch, key }) : malformed;
  const why = text(line["why"], MAX_WHY_CHARS);
  if ((type === "refused" || type === "restart" || type === "renew") && why !== null) return ok({ type, name, epoch, why });
  return malformed;
};
