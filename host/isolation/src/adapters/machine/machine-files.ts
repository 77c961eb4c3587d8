import { chmodSync, chownSync, closeSync, existsSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { CodedError } from "@crossguardian/kernel";
import { VOLUME_DISK_BYTES } from "../../limits.ts";
import { runCommand } from "../run-command.ts";

/** Longest wait in milliseconds for a disk to be made. */
export const SQUASH_DEADLINE_MS = 120_000;
// The same tree gives the same bytes: no times, no users, one thread, nothing compressed.
export const SQUASH_FLAGS = [
  "-all-root", "-mkfs-time", "0", "-all-time", "0", "-no-xattrs", "-noappend", "-no-progress", "-quiet", "-processors", "1", "-noI", "-noD", "-noF", "-noX",
] as const;

/** Makes the read-only disk with a domain's image. @throws isolation.start.failed */
export const makeImageDisk = async (mksquashfs: string, image: string, target: string): Promise<void> => {
  rmSync(target, { force: true });
  if ((await runCommand(mksquashfs, [image, target, ...SQUASH_FLAGS], SQUASH_DEADLINE_MS)) === null) {
    throw new CodedError("isolation.start.failed", { what: "mksquashfs", image });
  }
};

const STRIP_PROGRAM = join(import.meta.dirname, "strip-image.ts");

/** The same of a copy of the image whose modules had their types stripped. @throws isolation.start.failed */
export const makePlainImageDisk = async (mksquashfs: string, image: string, target: string): Promise<void> => {
  const plain = mkdtempSync(`${target}-`);
  try {
    chmodSync(plain, 0o755);
    if ((await runCommand(process.execPath, ["--disable-warning=ExperimentalWarning", STRIP_PROGRAM, image, plain], SQUASH_DEADLINE_MS)) === null) {
      throw new CodedError("isolation.start.failed", { what: "types", image });
    }
    await makeImageDisk(mksquashfs, plain, target);
  } finally {
    rmSync(plain, { recursive: true, force: true });
  }
};

/** Makes the disk with the volumes of a machine's domains where it is not there. @param owner uid and gid that may open it @throws isolation.start.failed */
export const makeVolumeDisk = async (mkfs: string, diskPath: string, owner: number): Promise<void> => {
  if (!existsSync(diskPath)) {
    mkdirSync(dirname(diskPath), { recursive: true, mode: 0o700 });
    const fd = openSync(diskPath, "wx", 0o600);
    ftruncateSync(fd, VOLUME_DISK_BYTES);
    closeSync(fd);
    if ((await runCommand(mkfs, ["-q", "-F", "-m", "0", "-E", "lazy_itable_init=1,nodiscard", diskPath], SQUASH_DEADLINE_MS)) === null) {
      rmSync(diskPath, { force: true });
      throw new CodedError("isolation.start.failed", { what: "mkfs.ext4", diskPath });
    }
  }
  chownSync(diskPath, owner, owner);
  chmodSync(diskPath, 0o600);
};
