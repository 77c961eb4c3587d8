import { execFileSync } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { guestDirOf, seal } from "@crossguardian/boot";
import { buildGuest } from "@crossguardian/isolation";

const KERNEL = "linux-image-cloud-amd64";
const root = join(import.meta.dirname, "..");
const guestDir = guestDirOf({ root });
const isForced = process.argv.includes("--again");

/** The package of the kernel itself behind Debian's package that follows its version. */
const kernelPackage = (): string => {
  const words = execFileSync("apt-cache", ["depends", KERNEL], { encoding: "utf8" });
  const name = /Depends: (linux-image-[\w.+-]+)/u.exec(words)?.[1];
  if (name === undefined) throw new Error(`apt-cache knows no ${KERNEL}; run apt-get update`);
  return name;
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
    const digests = await buildGuest({ guestDir, nodePath: process.execPath, kernelTree: join(work, "tree") });
    for (const [name, digest] of Object.entries(digests)) process.stdout.write(`${digest}  ${name}\n`);
    seal({ root });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
