import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Field, houseOf, raiseHouse, signalProcess } from "../field.ts";
import { nameOf, type Victim } from "../roster.ts";
import { chosen, type Fault, type FaultOrder, further } from "./fault.ts";
import { JOURNAL_FORM, lastRecord, LOG_FORM, type RecordForm } from "./last-record.ts";
import { betweenInstances, command, copyInto, DISK, holdersOf, usedBytes } from "./volume.ts";

/** Room left on a disk that is nearly full, in bytes: full after a few records. */
const ROOM_BYTES = 48 * 1024;
const PAGE_BYTES = 4_096;

/** Journals of a volume: one per instance, the newest last. */
const journalsIn = (volume: string): readonly string[] =>
  readdirSync(volume).filter((name) => /^journal\.\d+$/u.test(name)).sort((left, right) => Number(left.split(".")[1]) - Number(right.split(".")[1]));

const wipe = async (field: Field, victim: Victim): Promise<void> =>
  betweenInstances(field, victim, async (volume) => {
    for (const name of journalsIn(volume)) rmSync(join(volume, name), { force: true });
  });

/** A gateway's journal is gone when its interaction domain starts. */
export const journalWipe: Fault = {
  resource: DISK,
  inject: async (field, { choice }) => {
    const victim = chosen(holdersOf(field, ["interaction"]), choice);
    await wipe(field, victim);
    return { report: { what: `the journal of ${nameOf(victim)} was wiped while it was down`, chains: null }, heal: null };
  },
};

/** The journals of both gateways are gone at once. */
export const bothJournalsWipe: Fault = {
  resource: DISK,
  inject: async (field) => {
    await Promise.all(holdersOf(field, ["interaction"]).map(async (victim) => wipe(field, victim)));
    return { report: { what: "the journals of both gateways were wiped while they were down", chains: null }, heal: null };
  },
};

/** What a gateway writes for itself; its configuration and its keys lie elsewhere. */
const WRITTEN = ["volumes", "epochs", "logs", "output"] as const;

/** A killed launcher takes its house with it; a process of it may write a last file while the folders are emptied. */
const EMPTY_ATTEMPTS = 20;
const EMPTY_AGAIN_MS = 100;

/** Kills a whole gateway, takes away all that it has written, and starts it again as on a new machine. */
const startAnew = async (field: Field, name: string): Promise<void> => {
  const { pid, spec } = houseOf(field, name);
  signalProcess(pid, "SIGKILL");
  for (const folder of WRITTEN) {
    await rm(join(spec.dataDir, folder), { recursive: true, force: true, maxRetries: EMPTY_ATTEMPTS, retryDelay: EMPTY_AGAIN_MS });
  }
  await raiseHouse(field, name);
};

/** Both gateways end at once and lose their disks: journals, audit logs, counters, everything but configuration and keys. */
export const bothDisksWipe: Fault = {
  resource: DISK,
  inject: async (field) => {
    await Promise.all(field.world.topology.gateways.map(async ({ name }) => startAnew(field, name)));
    return { report: { what: "both gateways were killed, lost all that they had written, and were started again", chains: null }, heal: null };
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
  resource: DISK,
  inject: async (field, order) => ({
    report: {
      what: await tear(
        field,
        chosen(holdersOf(field, ["interaction"]), order.choice),
        (volume) => journalsIn(volume).at(-1) ?? "journal",
        JOURNAL_FORM,
        order,
      ),
      chains: null,
    },
    heal: null,
  }),
};

/** The last record of one log of the relay chain is cut at some byte: the orderer's blocks or orders, or one validator's votes. */
export const logTornTail: Fault = {
  resource: DISK,
  inject: async (field, order) => {
    const victim = chosen(holdersOf(field, ["orderer", "validator"]), order.choice);
    const file = victim.kind === "validator" ? "votes.log" : chosen(["chain.log", "orders.log"], further(order.choice, 7));
    return { report: { what: await tear(field, victim, () => file, LOG_FORM, order), chains: null }, heal: null };
  },
};

/**
 * A domain's volume is on a file system with little room left. A bounded tmpfs with the volume's content lies over the folder while the next instance
 * starts; healing puts what was written there back and takes the tmpfs away. Writes fail with ENOSPC, as a whole or after some bytes.
 */
export const diskFull: Fault = {
  resource: DISK,
  inject: async (field, { choice, lastsMs }) => {
    const victim = chosen(holdersOf(field, ["interaction", "validator", "orderer"]), choice);
    const scratch = mkdtempSync(join(tmpdir(), "crossguardian-chaos-"));
    await betweenInstances(field, victim, async (volume) => {
      const room = Math.ceil((await usedBytes(volume)) / PAGE_BYTES) * PAGE_BYTES + ROOM_BYTES;
      const { uid, gid, mode } = statSync(volume);
      await copyInto(volume, scratch);
      await command("mount", ["-t", "tmpfs", "-o", `size=${room},mode=${(mode & 0o7777).toString(8)},uid=${uid},gid=${gid},nosuid,nodev`, "crossguardian-chaos", volume]);
      await copyInto(scratch, volume);
    });
    return {
      report: { what: `the disk of ${nameOf(victim)} is nearly full for ${lastsMs} ms`, chains: null },
      heal: async () => {
        await betweenInstances(field, victim, async (volume) => {
          rmSync(scratch, { recursive: true, force: true });
          await command("cp", ["-a", volume, scratch]);
          await command("umount", ["-l", volume]);
          for (const name of readdirSync(volume)) rmSync(join(volume, name), { recursive: true, force: true });
          await copyInto(scratch, volume);
        });
        rmSync(scratch, { recursive: true, force: true });
      },
    };
  },
};
