import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { awaitAnother, type Field, houseOf, pidOf, signalProcess, standbyPidOf } from "../field.ts";
import { nameOf, rosterOf, type Victim } from "../roster.ts";
import { chosen, type Fault, type FaultOrder, further } from "./fault.ts";
import { JOURNAL_FORM, lastRecord, LOG_FORM, type RecordForm } from "./last-record.ts";

const run = promisify(execFile);
const RESOURCE = "disk";
/** Room left on a disk that is nearly full, in bytes: full after a few records. */
const ROOM_BYTES = 48 * 1024;
const PAGE_BYTES = 4_096;
const COMMAND_DEADLINE_MS = 20_000;

const volumeOf = (field: Field, { house, domain }: Victim): string => join(houseOf(field, house).spec.dataDir, "volumes", domain);

const victimsOf = (field: Field, kinds: readonly Victim["kind"][]): readonly Victim[] =>
  rosterOf(field.world.topology, field.chainKind).filter(({ kind }) => kinds.includes(kind));

/**
 * Does something to a domain's volume between two of its instances: the running one is stopped where it is, so that it writes nothing any more, and
 * killed afterwards. What it had written and not synced stays, as it does when a process is killed.
 */
const betweenInstances = async <T>(field: Field, victim: Victim, act: (volume: string) => Promise<T>): Promise<T> => {
  for (;;) {
    const pid = await pidOf(field, victim);
    const waiting = await standbyPidOf(field, victim);
    if (pid === null || !signalProcess(pid, "SIGSTOP")) {
      await new Promise((resolve) => setTimeout(resolve, 25));
      continue;
    }
    try {
      return await act(volumeOf(field, victim));
    } finally {
      // A standby has the volume as it was before.
      if (waiting !== null) signalProcess(waiting, "SIGKILL");
      signalProcess(pid, "SIGKILL");
      await awaitAnother(field, victim, pid);
    }
  }
};

/** Journals of a volume: one per instance, the newest last. */
const journalsIn = (volume: string): readonly string[] =>
  readdirSync(volume).filter((name) => /^journal\.\d+$/u.test(name)).sort((left, right) => Number(left.split(".")[1]) - Number(right.split(".")[1]));

const wipe = async (field: Field, victim: Victim): Promise<void> =>
  betweenInstances(field, victim, async (volume) => {
    for (const name of journalsIn(volume)) rmSync(join(volume, name), { force: true });
  });

/** A gateway's journal is gone when its interaction domain starts. */
export const journalWipe: Fault = {
  resource: RESOURCE,
  inject: async (field, { choice }) => {
    const victim = chosen(victimsOf(field, ["interaction"]), choice);
    await wipe(field, victim);
    return { report: { what: `the journal of ${nameOf(victim)} was wiped while it was down`, chains: null }, heal: null };
  },
};

/** The journals of both gateways are gone at once. */
export const bothJournalsWipe: Fault = {
  resource: RESOURCE,
  inject: async (field) => {
    await Promise.all(victimsOf(field, ["interaction"]).map(async (victim) => wipe(field, victim)));
    return { report: { what: "the journals of both gateways were wiped while they were down", chains: null }, heal: null };
  },
};

const tear = async (field: Field, victim: Victim, fileIn: (volume: string) => string, form: RecordForm, { choice }: FaultOrder): Promise<string> =>
  betweenInstances(field, victim, async (volume) => {
    const file = fileIn(volume);
    const path = join(volume, file);
    const last = existsSync(path) ? lastRecord(readFileSync(path), form) : null;
    if (last === null) return `${file} of ${nameOf(victim)} has no record to tear`;
    const at = last.start + Math.floor(further(choice, 6) * (last.end - last.start));
    truncateSync(path, at);
    return `the last record of ${file} of ${nameOf(victim)} (${last.end - last.start} bytes) was cut after ${at - last.start}`;
  });

/** The last record of a gateway's journal is cut at some byte. */
export const journalTornTail: Fault = {
  resource: RESOURCE,
  inject: async (field, order) => ({
    report: { what: await tear(field, chosen(victimsOf(field, ["interaction"]), order.choice), (volume) => journalsIn(volume).at(-1) ?? "journal", JOURNAL_FORM, order), chains: null },
    heal: null,
  }),
};

/** The last record of one log of the relay chain is cut at some byte: the orderer's blocks or orders, or one validator's votes. */
export const logTornTail: Fault = {
  resource: RESOURCE,
  inject: async (field, order) => {
    const victim = chosen(victimsOf(field, ["orderer", "validator"]), order.choice);
    const file = victim.kind === "validator" ? "votes.log" : chosen(["chain.log", "orders.log"], further(order.choice, 7));
    return { report: { what: await tear(field, victim, () => file, LOG_FORM, order), chains: null }, heal: null };
  },
};

const command = async (name: string, args: readonly string[]): Promise<string> => (await run(name, [...args], { timeout: COMMAND_DEADLINE_MS })).stdout;

const usedBytes = async (folder: string): Promise<number> => Number((await command("du", ["-s", "--block-size=1", folder])).split("\t")[0]);

/**
 * A domain's volume is on a file system with little room left. A bounded tmpfs with the volume's content lies over the folder while the next instance
 * starts; healing puts what was written there back and takes the tmpfs away. Writes fail with ENOSPC, as a whole or after some bytes.
 */
export const diskFull: Fault = {
  resource: RESOURCE,
  inject: async (field, { choice, lastsMs }) => {
    const victim = chosen(victimsOf(field, ["interaction", "validator", "orderer"]), choice);
    const scratch = mkdtempSync(join(tmpdir(), "crossguardian-chaos-"));
    const copy = async (from: string, to: string): Promise<unknown> => command("cp", ["-a", `${from}/.`, to]);
    await betweenInstances(field, victim, async (volume) => {
      const room = Math.ceil((await usedBytes(volume)) / PAGE_BYTES) * PAGE_BYTES + ROOM_BYTES;
      const { uid, gid, mode } = statSync(volume);
      await copy(volume, scratch);
      await command("mount", ["-t", "tmpfs", "-o", `size=${room},mode=${(mode & 0o7777).toString(8)},uid=${uid},gid=${gid},nosuid,nodev`, "crossguardian-chaos", volume]);
      await copy(scratch, volume);
    });
    return {
      report: { what: `the disk of ${nameOf(victim)} is nearly full for ${lastsMs} ms`, chains: null },
      heal: async () => {
        await betweenInstances(field, victim, async (volume) => {
          rmSync(scratch, { recursive: true, force: true });
          await command("cp", ["-a", volume, scratch]);
          await command("umount", ["-l", volume]);
          for (const name of readdirSync(volume)) rmSync(join(volume, name), { recursive: true, force: true });
          await copy(scratch, volume);
        });
        rmSync(scratch, { recursive: true, force: true });
      },
    };
  },
};
