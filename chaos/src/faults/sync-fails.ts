import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { nameOf } from "../roster.ts";
import { chosen, type Fault } from "./fault.ts";
import { betweenInstances, command, copyInto, DISK, holdersOf, usedBytes } from "./volume.ts";

/** What the store under the disk holds beyond what is on the disk already, in bytes: a sync fails when it is used up. */
const ROOM_BYTES = 32 * 1024;
/** What the disk says it has beyond what is on it, in bytes: no write fails. */
const SAID_BYTES = 64 * 1024 * 1024;
/** Programs that make and mend such a disk (e2fsprogs, util-linux). */
const PROGRAMS = ["mkfs.ext2", "e2fsck", "mount", "umount"];
const FOLDERS = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"];

/** Whether this machine has what the fault needs. */
export const canFailSyncs = (): boolean =>
  existsSync("/dev/loop-control") && PROGRAMS.every((program) => FOLDERS.some((folder) => existsSync(join(folder, program))));

const emptyFolder = (folder: string): void => {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
};

type Places = { readonly scratch: string; readonly content: string; readonly store: string; readonly image: string; readonly copy: string; readonly seen: string };

const makePlaces = (): Places => {
  const scratch = mkdtempSync(join(tmpdir(), "crossguardian-chaos-"));
  const at = (name: string): string => join(scratch, name);
  for (const name of ["content", "store", "seen"]) mkdirSync(at(name));
  return { scratch, content: at("content"), store: at("store"), image: join(at("store"), "image"), copy: at("copy"), seen: at("seen") };
};

/** Puts a disk over a folder whose store is full after a few records, while its file system has room. */
const mountOver = async (volume: string, { content, store, image }: Places): Promise<void> => {
  const { uid, gid, mode } = statSync(volume);
  const used = await usedBytes(volume);
  await copyInto(volume, content);
  await command("mount", ["-t", "tmpfs", "-o", `size=${2 * used + SAID_BYTES},mode=700,nosuid,nodev`, "crossguardian-chaos", store]);
  writeFileSync(image, "", { mode: 0o600 });
  truncateSync(image, used + SAID_BYTES);
  await command("mkfs.ext2", ["-q", "-F", "-b", "4096", "-m", "0", image]);
  await command("mount", ["-t", "ext2", "-o", "loop,errors=continue,noatime,nosuid,nodev", image, volume]);
  emptyFolder(volume);
  await copyInto(content, volume);
  await command("chown", [`${uid}:${gid}`, volume]);
  await command("chmod", [(mode & 0o7777).toString(8), volume]);
  await command("sync", ["-f", volume]);
  await command("mount", ["-o", `remount,size=${(await usedBytes(image)) + ROOM_BYTES}`, store]);
};

/** Gives a folder back what has reached the store, as it is after a loss of power: what was written and not synced is gone. */
const giveBack = async (volume: string, { image, copy, seen }: Places): Promise<void> => {
  await command("umount", ["-l", volume]);
  await command("cp", ["--sparse=always", image, copy]);
  await command("e2fsck", ["-fy", copy], [1]); // 1: errors were corrected
  await command("mount", ["-t", "ext2", "-o", "loop,ro", copy, seen]);
  emptyFolder(volume);
  await copyInto(seen, volume);
  rmSync(join(volume, "lost+found"), { recursive: true, force: true });
  await command("umount", [seen]);
};

const isMounted = (folder: string): boolean => statSync(folder).dev !== statSync(join(folder, "..")).dev;

/**
 * On a domain's volume writes succeed and syncs fail: an ext2 file system with room lies over the folder, on a loop device whose file is sparse, in a
 * tmpfs that is nearly full. What was synced is there afterwards and nothing else, so that a domain that trusts a failed sync loses what it promised.
 */
export const syncFails: Fault = {
  resource: DISK,
  inject: async (field, { choice, lastsMs }) => {
    const victim = chosen(holdersOf(field, ["interaction", "validator", "orderer"]), choice);
    const places = makePlaces();
    const clear = async (): Promise<void> => {
      if (isMounted(places.store)) await command("umount", ["-l", places.store]); // its loop device goes with the last process that has it
      rmSync(places.scratch, { recursive: true, force: true });
    };
    await betweenInstances(field, victim, async (volume) => {
      try {
        await mountOver(volume, places);
      } catch (error) {
        if (isMounted(volume)) await command("umount", ["-l", volume]);
        await clear();
        throw error;
      }
    });
    return {
      report: { what: `writes of ${nameOf(victim)} succeed and syncs fail for ${lastsMs} ms`, chains: null },
      heal: async () => {
        await betweenInstances(field, victim, async (volume) => giveBack(volume, places));
        await clear();
      },
    };
  },
};
