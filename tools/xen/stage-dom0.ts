import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { type Manifest } from "@crossguardian/boot";

import { BLOCK_SCRIPT, DOM0_START } from "./dom0-scripts.ts";

/** Programs of this machine that Dom0 gets at the same place, with their libraries. */
const PROGRAMS = [
  "bash", "busybox", "cat", "crun", "dd", "base64", "flock", "ldd", "mkfs.ext4", "mksquashfs", "mount", "nsenter", "perl", "setpriv", "sh", "socat", "stat", "umount", "unshare",
];
const FOLDERS = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"];
const LIBRARIES = "usr/lib/x86_64-linux-gnu";
const XEN_BIN = "usr/lib/xen-4.17/bin";
const XEN_PROGRAMS = ["xl", "vchan-socket-proxy"];

const findOrThrow = (name: string): string => {
  const found = FOLDERS.map((folder) => join(folder, name)).find(existsSync);
  if (found === undefined) throw new Error(`this machine lacks ${name}, which Dom0 needs`);
  return found;
};

const librariesOf = (binary: string, more: string): readonly string[] => {
  const { stdout: text } = spawnSync("ldd", [binary], { encoding: "utf8", env: { PATH: "/usr/bin:/bin", LD_LIBRARY_PATH: more } });
  const absent = /^\s*(\S+) => not found/mu.exec(text)?.[1];
  if (absent !== undefined) throw new Error(`${binary} needs ${absent}, which no package brought`);
  return [...text.matchAll(/(?:=> )?(\/\S+) \(0x/gu)].map((match) => match[1] ?? "");
};

const place = (from: string, to: string): void => {
  if (existsSync(to)) return;
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(realpathSync(from), to);
  chmodSync(to, 0o755);
};

const isScript = (path: string): boolean => execFileSync("head", ["-c", "2", path], { encoding: "latin1" }) === "#!";

const stageUserland = (stage: string, xen: string, nodePath: string): void => {
  for (const folder of ["dev", "proc", "sys", "run", "tmp", "root", "var/lib", "var/log", "usr/bin", "usr/sbin", "usr/lib64", "etc/xen/scripts", LIBRARIES]) mkdirSync(join(stage, folder), { recursive: true });
  for (const [link, to] of [["bin", "usr/bin"], ["sbin", "usr/sbin"], ["lib", "usr/lib"], ["lib64", "usr/lib64"], ["var/run", "/run"], ["var/lock", "/run/lock"]] as const) symlinkSync(to, join(stage, link));
  for (const name of ["usr/lib/xen-4.17", "usr/lib/xen-common", LIBRARIES, "usr/bin", "usr/sbin"]) {
    if (existsSync(join(xen, name))) cpSync(join(xen, name), join(stage, name), { recursive: true, verbatimSymlinks: true, force: true });
  }
  if (existsSync(join(xen, "lib/x86_64-linux-gnu"))) cpSync(join(xen, "lib/x86_64-linux-gnu"), join(stage, LIBRARIES), { recursive: true, verbatimSymlinks: true });
  const more = join(stage, LIBRARIES);
  const programs = [...PROGRAMS.map(findOrThrow), nodePath];
  const ofXen = readdirSync(join(stage, XEN_BIN)).map((name) => join(stage, XEN_BIN, name)).filter((path) => ["xl", "xenstored", "xenconsoled", "xen-init-dom0", "vchan-socket-proxy"].some((name) => path.endsWith(`/${name}`)));
  const binaries = [...programs.filter((path) => !isScript(path)), ...ofXen, join(stage, "usr/bin/xenstore-read"), join(stage, "usr/sbin/xenhypfs")];
  for (const library of new Set(binaries.flatMap((binary) => librariesOf(binary, more)))) {
    if (!library.startsWith(stage)) place(library, join(stage, library));
  }
  for (const path of programs) place(path, join(stage, path === nodePath ? "/usr/bin/node" : path.replace(/^\/(bin|sbin)\//u, "/usr/$1/")));
  for (const name of XEN_PROGRAMS) {
    for (const folder of ["usr/bin", "usr/sbin"]) rmSync(join(stage, folder, name), { force: true });
    symlinkSync(`/${XEN_BIN}/${name}`, join(stage, "usr/sbin", name));
  }
  const applets = execFileSync("busybox", ["--list"], { encoding: "utf8" }).trim().split("\n");
  for (const applet of applets) {
    if (!["usr/bin", "usr/sbin"].some((folder) => existsSync(join(stage, folder, applet)))) symlinkSync("busybox", join(stage, "usr/bin", applet));
  }
};

const stageProject = (stage: string, root: string, manifest: Manifest): void => {
  const to = join(stage, "cg");
  const files = Object.values(manifest.images).flatMap((image) => image.files.map(({ path }) => path));
  for (const path of new Set([...files, ...manifest.policies.map((policy) => policy.path)])) {
    mkdirSync(dirname(join(to, path)), { recursive: true });
    copyFileSync(join(root, path), join(to, path));
    chmodSync(join(to, path), 0o644);
  }
  for (const { path, target } of Object.values(manifest.images).flatMap((image) => image.links)) {
    mkdirSync(dirname(join(to, path)), { recursive: true });
    if (!existsSync(join(to, path))) symlinkSync(target, join(to, path));
  }
};

/** Makes the tree that becomes Dom0's disk: a small userland, Xen's programs, Node, and of the project what a gateway's house runs. */
export const stageDom0 = (input: { readonly stage: string; readonly xen: string; readonly nodePath: string; readonly root: string; readonly manifest: Manifest }): void => {
  const { stage, xen, nodePath, root, manifest } = input;
  stageUserland(stage, xen, nodePath);
  stageProject(stage, root, manifest);
  writeFileSync(join(stage, "usr/sbin/dom0"), DOM0_START, { mode: 0o755 });
  writeFileSync(join(stage, "etc/xen/scripts/block"), BLOCK_SCRIPT, { mode: 0o755 });
  writeFileSync(join(stage, "etc/xen/xl.conf"), 'autoballoon="off"\n');
  execFileSync("mknod", ["-m", "666", join(stage, "dev/null"), "c", "1", "3"]);
  writeFileSync(join(stage, "etc/passwd"), "root:x:0:0:root:/root:/bin/bash\n");
  writeFileSync(join(stage, "etc/group"), "root:x:0:\n");
};
