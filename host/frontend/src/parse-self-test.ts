import { plainAscii } from "./plain-ascii.ts";

/** A domain's own view of its jail; see the message `hello`. */
export type SelfTest = {
  readonly seccomp: number;
  readonly noNewPrivs: number;
  readonly capEff: string;
  readonly uidMap: string;
  readonly netDevices: readonly string[];
  readonly openFds: readonly string[];
};

/** What the kernel told, as text of its files; null where a file could not be read. */
export type ProcTexts = {
  readonly status: string | null;
  readonly uidMap: string | null;
  readonly netDev: string | null;
  readonly fds: readonly { readonly fd: string; readonly target: string }[] | null;
};

const UNREADABLE = "unreadable";
const MAX_DEVICES = 64;
const MAX_FDS = 256;

const field = (status: string | null, name: string): string | null =>
  status?.match(new RegExp(`^${name}:\\s*(\\S+)`, "mu"))?.[1] ?? null;

/** A missing number is 255: no specification allows it, so an unreadable kernel is never taken for a jail. */
const numberField = (status: string | null, name: string): number => {
  const value = Number(field(status, name) ?? "255");
  return Number.isInteger(value) && value >= 0 && value <= 255 ? value : 255;
};

/** Reads a self-test out of proc(5) texts. */
export const parseSelfTest = (texts: ProcTexts): SelfTest => ({
  seccomp: numberField(texts.status, "Seccomp"),
  noNewPrivs: numberField(texts.status, "NoNewPrivs"),
  capEff: plainAscii(field(texts.status, "CapEff") ?? UNREADABLE, 32),
  uidMap: plainAscii((texts.uidMap ?? UNREADABLE).trim().replaceAll(/\s+/gu, " "), 256),
  netDevices:
    texts.netDev === null
      ? [UNREADABLE]
      : texts.netDev
          .split("\n")
          .slice(2)
          .flatMap((line) => (line.includes(":") ? [plainAscii((line.split(":")[0] ?? "").trim(), 32)] : []))
          .slice(0, MAX_DEVICES),
  openFds:
    texts.fds === null
      ? [UNREADABLE]
      : texts.fds.map(({ fd, target }) => plainAscii(`${fd} ${target}`, 128)).slice(0, MAX_FDS),
});
