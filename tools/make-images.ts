import { existsSync, globSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { domuDirOf, guestDirOf, seal } from "@crossguardian/boot";
import { buildGuest, domuGuest, tryKvm } from "@crossguardian/isolation";

import { GUEST_KERNEL, kernelPackage, unpackPackages } from "./debian-packages.ts";

const root = join(import.meta.dirname, "..");
const isDomu = process.argv.includes("xen");
const guestDir = isDomu ? domuDirOf({ root }) : guestDirOf({ root });
const isForced = process.argv.includes("--again");

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
    process.stderr.write(`the guest's kernel: downloading Debian's ${GUEST_KERNEL} (27 MB), which is unpacked, not installed\n`);
    unpackPackages([kernelPackage(GUEST_KERNEL)], join(work, "debs"), join(work, "tree"));
    const digests = await buildGuest({ guestDir, nodePath: process.execPath, kernelTree: join(work, "tree"), ...(isDomu ? { flavour: domuGuest(proxyOrThrow()) } : {}) });
    for (const [name, digest] of Object.entries(digests)) process.stdout.write(`${digest}  ${name}\n`);
    seal({ root });
    if (!isDomu) {
      const accelerator = await tryKvm(guestDir, realpathSync(process.execPath));
      process.stderr.write(`machines run ${accelerator.kind === "kvm" ? "on this host's processor (KVM)" : `emulated: ${accelerator.why}`}\n`);
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
