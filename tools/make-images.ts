import { execFileSync } from "node:child_process";
import { chownSync, existsSync, globSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { domuDirOf, guestDirOf, seal } from "@crossguardian/boot";
import { buildGuest, domuGuest } from "@crossguardian/isolation";

const KERNEL = "linux-image-cloud-amd64";
const root = join(import.meta.dirname, "..");
const isDomu = process.argv.includes("xen");
const guestDir = isDomu ? domuDirOf({ root }) : guestDirOf({ root });
const isForced = process.argv.includes("--again");

/** The package of the kernel itself behind Debian's package that follows its version. */
const kernelPackage = (): string => {
  const words = execFileSync("apt-cache", ["depends", KERNEL], { encoding: "utf8" });
  const name = /Depends: (linux-image-[\w.+-]+)/u.exec(words)?.[1];
  if (name === undefined) throw new Error(`apt-cache knows no ${KERNEL}; run apt-get update`);
  return name;
};

/** Debian's name in the path leads to a script that looks for the running Xen; a guest needs the program. */
const proxyOrThrow = (): string => {
  const [program] = globSync("/usr/lib/xen-*/bin/vchan-socket-proxy");
  if (program === undefined) throw new Error("no vchan-socket-proxy: Debian package xen-utils-4.17");
  return program;
};

if (existsSync(guestDir) && !isForced) {
  process.stderr.write(`the guest's files are there: ${guestDir}; make images ARGS=--again makes them again\n`);
} else {
  const work = mkdtempSync(join(tmpdir(), "cg-kernel-"));
  try {
    process.stderr.write(`the guest's kernel: downloading Debian's ${KERNEL} (27 MB), which is unpacked, not installed\n`);
    chownSync(work, 0, 0);
    execFileSync("apt-get", ["-q", "download", kernelPackage()], { cwd: work, stdio: ["ignore", "ignore", "ignore"] });
    const [file = ""] = readdirSync(work);
    execFileSync("dpkg-deb", ["-x", file, "tree"], { cwd: work });
    const digests = await buildGuest({ guestDir, nodePath: process.execPath, kernelTree: join(work, "tree"), ...(isDomu ? { flavour: domuGuest(proxyOrThrow()) } : {}) });
    for (const [name, digest] of Object.entries(digests)) process.stdout.write(`${digest}  ${name}\n`);
    seal({ root });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
