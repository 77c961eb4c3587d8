import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";

import { type Ground } from "../cell/cells.ts";
import { assemble, type Program } from "../native/assemble.ts";
import * as linux from "../native/constants.ts";
import { open, tell, tellFiles, writeFiles } from "../native/steps.ts";
import { type NativeProbe } from "../probe.ts";
import { clearing, fileChanged, nodeAppears, pathAppears, secretTold } from "../stage/canaries.ts";
import { type Targets } from "../stage/targets.ts";

type Draft = Omit<NativeProbe, "group" | "id">;

const reads = (what: string, from: (targets: Targets) => { readonly path: string; readonly secret: string }, prefixes: readonly string[] = [""]): Draft => ({
  threat: "read what is not one's own",
  says: `read ${what}`,
  program: (program, targets) => tellFiles(program, prefixes.map((prefix) => prefix + from(targets).path)),
  canary: (targets) => secretTold(from(targets).secret),
});

const writes = (what: string, paths: (targets: Targets) => readonly string[]): Draft => ({
  threat: "change what is not one's own",
  says: `make ${what}`,
  program: (program, targets) => writeFiles(program, paths(targets), "hostile"),
  canary: (targets) => pathAppears(paths(targets)),
});

const VICTIM_CONTENT = "as it was";
const changes = (what: string, act: (program: Program, path: string) => void): Draft => ({
  threat: "change what is not one's own",
  says: what,
  program: (program, targets) => act(program, targets.victimFile),
  canary: (targets) => fileChanged(targets.victimFile, VICTIM_CONTENT),
});

/** A dropped program that reads root's file: execution that gains something. */
export const gaining = (targets: Targets): Uint8Array => assemble((program) => tellFiles(program, [targets.rootFile.path])).elf;

const dropsAndRuns = (what: string, foldersOf: (own: Ground) => readonly string[]): Draft => ({
  as: "interaction",
  threat: "run a program that gets further",
  says: `write a program to ${what}, run it, and read root's file with it`,
  program: (program, targets, own) => {
    const elf = gaining(targets);
    const bytes = program.bytes(elf);
    for (const path of foldersOf(own).map((folder) => `${folder}/cg-dropped`)) {
      const fd = open(program, path, linux.O_WRONLY | linux.O_CREAT | linux.O_TRUNC, 0o755);
      program.sys("write", fd, bytes, elf.length);
      program.sys("close", fd);
      program.sys("execve", program.text(path), program.words(0, 0), program.words(0));
    }
  },
  canary: (targets) => ({ ...secretTold(targets.rootFile.secret), ...clearing(["/tmp/cg-dropped"]) }),
});

const ownKey = (says: string, act: (program: Program, path: string) => void): Draft => ({
  as: "interaction",
  threat: "change its own key",
  says,
  program: (program, _targets, own) => {
    act(program, "/key");
    act(program, own.keySlot);
  },
  canary: (_targets, own) => fileChanged(own.keySlot),
});

const plants = (says: string, kind: Parameters<typeof nodeAppears>[0], act: (program: Program, path: string, targets: Targets) => void): Draft => ({
  as: "interaction",
  threat: "plant something in a writable place",
  says,
  program: (program, targets, own) => {
    for (const place of ["/tmp", "/data", own.volume]) act(program, `${place}/cg-planted`, targets);
  },
  canary: (_targets, own) => {
    return { ...nodeAppears(kind, ({ root }) => [`${root ?? ""}/tmp/cg-planted`, `${own.volume}/cg-planted`]), ...clearing(["/tmp/cg-planted"]) };
  },
});


const PROBES: Readonly<Record<string, Draft>> = {
  readRoot: reads("a file of the host that only root may read", ({ rootFile }) => rootFile),
  readKey: reads("the key slot of the interaction domain", ({ foreignKey }) => foreignKey),
  readVolume: reads("the volume of another domain", ({ foreignVolume }) => foreignVolume),
  readLog: reads("the logs of management", ({ log }) => log),
  readDots: reads("a file of the host through ..", ({ rootFile }) => rootFile, ["/../../../../../..", "/app/../../../..", "/tmp/../.."]),
  readProcRoot: reads("a file of the host through /proc/N/root and /proc/N/cwd", ({ rootFile }) => rootFile, ["/proc/1/root", "/proc/self/root", "/proc/1/cwd/..", "/proc/self/cwd/../../../../.."]),
  readVictimRoot: {
    threat: "read what is not one's own",
    says: "read a file of another domain through its /proc/N/root",
    program: (program, { victim }) => tellFiles(program, [`/proc/${victim.pid()}/root/proc/self/environ`, `/proc/${victim.pid()}/environ`]),
    canary: ({ victim }) => secretTold(victim.name),
  },
  readByHandle: {
    as: "interaction",
    threat: "read what is not one's own",
    says: "open a file of the host by its inode number (open_by_handle_at)",
    program: (program, { rootFile }) => {
      const inode = statSync(rootFile.path).ino;
      const handle = program.bytes(new Uint8Array(Uint32Array.of(8, 1, inode, 0).buffer)); // FILEID_INO32_GEN of any generation
      for (const place of ["/data", "/app", dirname(rootFile.path)]) {
        const mount = open(program, place, linux.O_RDONLY | linux.O_DIRECTORY);
        tell(program, program.sys("open_by_handle_at", mount, handle, linux.O_RDONLY));
      }
    },
    canary: ({ rootFile }) => secretTold(rootFile.secret),
  },
  readByHardLink: {
    as: "interaction",
    threat: "read what is not one's own",
    says: "link a file of the host into a writable place and read it there",
    program: (program, { rootFile, folder }) => {
      for (const place of ["/data", "/tmp", folder]) {
        program.sys("linkat", linux.AT_FDCWD, program.text(rootFile.path), linux.AT_FDCWD, program.text(`${place}/cg-link`), 0);
        tellFiles(program, [`${place}/cg-link`]);
        program.sys("unlink", program.text(`${place}/cg-link`));
      }
    },
    canary: ({ rootFile }) => secretTold(rootFile.secret),
  },
  readAfterChroot: {
    threat: "read what is not one's own",
    says: "leave a root by chroot into a folder and ..",
    program: (program, { rootFile }) => {
      program.sys("mkdir", program.text("/tmp/cg-root"), 0o755);
      program.sys("chroot", program.text("/tmp/cg-root"));
      for (let depth = 0; depth < 12; depth += 1) program.sys("chdir", program.text(".."));
      program.sys("chroot", program.text("."));
      tellFiles(program, [rootFile.path]);
      program.sys("rmdir", program.text("/tmp/cg-root"));
    },
    canary: ({ rootFile }) => secretTold(rootFile.secret),
  },
  readMounted: {
    threat: "read what is not one's own",
    says: "mount the host's disk and read a file of it",
    program: (program, { rootFile, folder }) => {
      const { dev } = statSync(folder);
      program.sys("mknod", program.text("/tmp/cg-mount-disk"), linux.S_IFBLK | 0o600, dev);
      program.sys("mkdir", program.text("/tmp/cg-mount"), 0o755);
      program.sys("mount", program.text("/tmp/cg-mount-disk"), program.text("/tmp/cg-mount"), program.text("ext4"), 0, 0);
      tellFiles(program, [`/tmp/cg-mount${rootFile.path}`]);
      program.sys("umount2", program.text("/tmp/cg-mount"), 2);
      program.sys("rmdir", program.text("/tmp/cg-mount"));
      program.sys("unlink", program.text("/tmp/cg-mount-disk"));
    },
    canary: ({ rootFile }) => secretTold(rootFile.secret),
  },
  writeEtc: writes("a file in /etc", () => ["/etc/cg-hostile"]),
  writeUsr: writes("a file in /usr/bin", () => ["/usr/bin/cg-hostile"]),
  writeHost: writes("a file in a folder of the host", ({ folder }) => [`${folder}/cg-hostile`]),
  writeRun: writes("a file beside the gateway's volumes", ({ foreignVolume }) => [`${dirname(foreignVolume.path)}/cg-hostile`]),
  writeRoot: {
    threat: "change what is not one's own",
    says: "make a file in the root folder",
    program: (program) => writeFiles(program, ["/cg-hostile"], "hostile"),
    canary: () => {
      const onHost = pathAppears(["/cg-hostile"]);
      return { ...onHost, tripped: async (cell) => (await onHost.tripped(cell)) || existsSync(`${cell.root ?? ""}/cg-hostile`) };
    },
  },
  appendFile: changes("write to a file of the host", (program, path) => writeFiles(program, [path], "hostile", linux.O_WRONLY)),
  truncateFile: changes("cut a file of the host off", (program, path) => program.sys("truncate", program.text(path), 0)),
  renameFile: changes("put another file in the place of one of the host", (program, path) => {
    writeFiles(program, [`${path}-new`], "hostile");
    program.sys("rename", program.text(`${path}-new`), program.text(path));
  }),
  unlinkFile: changes("remove a file of the host", (program, path) => program.sys("unlink", program.text(path))),
  writeImage: {
    threat: "change what was measured",
    says: "change the code it was started from",
    program: (program, _targets, own) => writeFiles(program, ["/app/code.ts", `${own.image}/code.ts`], "hostile", linux.O_WRONLY),
    canary: (_targets, own) => fileChanged(`${own.image}/code.ts`),
  },
  addToImage: {
    threat: "change what was measured",
    says: "add a file to the code it was started from",
    program: (program, _targets, own) => writeFiles(program, ["/app/more.ts", `${own.image}/more.ts`], "hostile"),
    canary: (_targets, own) => pathAppears([`${own.image}/more.ts`]),
  },
  keyWrite: ownKey("open its own key for writing", (program, path) => writeFiles(program, [path], "hostile", linux.O_WRONLY)),
  keyMode: ownKey("give itself the right to write its own key, and write", (program, path) => {
    program.sys("chmod", program.text(path), 0o600);
    writeFiles(program, [path], "hostile", linux.O_RDWR);
  }),
  keyReopen: ownKey("open its own key for reading, open the descriptor again for writing, and write", (program, path) => {
    open(program, path);
    for (let fd = 4; fd < 8; fd += 1) {
      const again = open(program, `/proc/self/fd/${fd}`, linux.O_RDWR);
      program.whenGood(again, () => program.sys("write", again, program.text("hostile"), 7));
    }
  }),
  keyTruncate: ownKey("cut its own key off", (program, path) => program.sys("truncate", program.text(path), 0)),
  runFromTmp: dropsAndRuns("/tmp", () => ["/tmp"]),
  runFromVolume: dropsAndRuns("its volume", (own) => ["/data", own.volume]),
  runFromMemory: {
    threat: "run a program that gets further",
    says: "run a program out of memory (memfd_create, execveat) and read root's file with it",
    program: (program, targets) => {
      const elf = gaining(targets);
      const fd = program.sys("memfd_create", program.text("hostile"), 0);
      program.sys("write", fd, program.bytes(elf), elf.length);
      program.sys("execveat", fd, program.text(""), program.words(0, 0), program.words(0), 0x1000);
    },
    canary: (targets) => secretTold(targets.rootFile.secret),
  },
  plantBlock: plants("leave a file of a disk", "isBlockDevice", (program, path) => program.sys("mknod", program.text(path), linux.S_IFBLK | 0o666, 0x700)),
  plantCharacter: plants("leave a file of the kernel's memory", "isCharacterDevice", (program, path) => program.sys("mknod", program.text(path), linux.S_IFCHR | 0o666, 0x101)),
};

/** Attacks on files. */
export const FILE_PROBES: readonly NativeProbe[] = Object.entries(PROBES).map(([name, draft]) => ({ id: `files.${name}`, group: "files", ...draft }));
