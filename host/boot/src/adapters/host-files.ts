import { execFileSync } from "node:child_process";
import { accessSync, constants, realpathSync } from "node:fs";
import { join } from "node:path";

const LDD_TIMEOUT_MS = 10_000;
const TOOL_FOLDERS = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
// What the trusted base starts as root.
const TOOLS = ["crun", "runsc", "qemu-system-x86_64", "xl", "vchan-socket-proxy", "setpriv", "unshare", "umount", "mount", "sh"];

/** Kernel, first file system and root image of guests; `make images` makes them. */
export const GUEST_FILES = ["vmlinux", "initrd", "root.sqfs"] as const;

const isThere = (path: string): boolean => {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false; // absent or unreadable: not part of the base
  }
};

const librariesOf = (binary: string): readonly string[] => {
  const text = execFileSync("ldd", [binary], { encoding: "utf8", timeout: LDD_TIMEOUT_MS, stdio: ["ignore", "pipe", "ignore"] });
  return [...text.matchAll(/(?:=> )?(\/\S+) \(0x/gu)].map((match) => match[1] ?? "");
};

/** Absolute real paths of the host files the base relies on: libraries of the Node binary, the tools it starts, kernel and images of guests. */
export const hostFiles = (nodePath: string, guestDirs: readonly string[]): readonly string[] => {
  const tools = TOOLS.map((tool) => TOOL_FOLDERS.map((folder) => join(folder, tool)).find(isThere));
  const guest = guestDirs.flatMap((folder) => GUEST_FILES.map((file) => join(folder, file))).filter(isThere);
  const paths = [...guest, ...librariesOf(nodePath), ...tools.filter((each) => each !== undefined)];
  return [...new Set(paths.map((path) => realpathSync(path)))].sort();
};
