import { execFileSync, spawnSync } from "node:child_process";
import { hash } from "node:crypto";
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

import { IMAGES, type Manifest, seal } from "@crossguardian/boot";
import { type CpioEntry, encodeCpio } from "@crossguardian/isolation";

import { attackerInitrd } from "./xen/attacker.ts";
import { type UnpackedXen, unpackXen, xenTrees } from "./debian-packages.ts";
import { DOM0_INIT, DOM0_MODULES, OPTIONAL_MODULES } from "./xen/dom0-scripts.ts";
import { makeInDom0 } from "./xen/make-in-dom0.ts";
import { stageDom0 } from "./xen/stage-dom0.ts";

// Makes Xen, Dom0 and the DomUs of `make test-xen` in .crossguardian/xen, where anything they are made of has changed. The unpacked packages stay in .crossguardian/xen-packages.

const root = join(import.meta.dirname, "..");
const target = join(root, ".crossguardian", "xen");
/** What a gateway's house is made of. */
const HOUSE_IMAGES = ["base", "switch", "network", "management", "appchain", "interaction", "relay"];
const PACKAGES = join(root, ".crossguardian", "xen-packages");
const MADE_OF = join(target, "made-of");
const DISK_MIB = 2_048;

const say = (text: string): void => void process.stderr.write(`xen: ${text}\n`);

const initrd = (kernelTree: string): Uint8Array => {
  const modules = readdirSync(join(kernelTree, "lib", "modules"), { recursive: true, encoding: "utf8" });
  const found = DOM0_MODULES.flatMap((name): readonly CpioEntry[] => {
    const path = modules.find((each) => each.endsWith(`/${name}.ko`));
    if (path !== undefined) return [{ path: `modules/${name}.ko`, mode: 0o100644, bytes: readFileSync(join(kernelTree, "lib", "modules", path)) }];
    if (OPTIONAL_MODULES.has(name)) return [];
    throw new Error(`the kernel of Dom0 has no module ${name}`);
  });
  return encodeCpio([
    ...["bin", "dev", "proc", "root", "modules"].map((path) => ({ path, mode: 0o040755 })),
    { path: "bin/busybox", mode: 0o100755, bytes: readFileSync("/bin/busybox") },
    { path: "init", mode: 0o100755, bytes: new TextEncoder().encode(DOM0_INIT) },
    ...found,
  ]);
};

const kernelOf = (tree: string): string => join(tree, "boot", readdirSync(join(tree, "boot")).find((name) => name.startsWith("vmlinuz-")) ?? "absent");

/** Downloaded once: what is there is whole, because it gets its name last. */
const packagesOf = (): UnpackedXen => {
  if (!existsSync(PACKAGES)) {
    rmSync(`${PACKAGES}.new`, { recursive: true, force: true });
    say("downloading Xen 4.17 and two kernels of Debian (105 MB), which are unpacked, not installed");
    unpackXen(`${PACKAGES}.new`);
    renameSync(`${PACKAGES}.new`, PACKAGES);
  }
  return xenTrees(PACKAGES);
};

/** Digest of the project's code, of what makes the images, and of Node. */
const inputsOf = (manifest: Manifest): string => {
  const scripts = ["make-xen.ts", "debian-packages.ts", ...readdirSync(join(import.meta.dirname, "xen")).sort().map((name) => join("xen", name))];
  return hash("sha256", JSON.stringify([manifest, ...scripts.map((name) => readFileSync(join(import.meta.dirname, name), "utf8"))]));
};

const TREE_ENVIRONMENT = { PATH: "/usr/sbin:/usr/bin" };

const build = (work: string): void => {
  const images = Object.fromEntries(HOUSE_IMAGES.map((name) => [name, IMAGES[name] ?? []]));
  const manifest = seal({ root, trustDir: join(work, "trust"), images });
  const inputs = inputsOf(manifest);
  if (existsSync(MADE_OF) && readFileSync(MADE_OF, "utf8") === inputs) {
    say(`${target} is as it would be made`);
    return;
  }
  const trees = packagesOf();
  const out = join(work, "out");
  const stage = join(work, "stage");
  mkdirSync(out);
  mkdirSync(stage);
  writeFileSync(join(out, "xen"), gunzipSync(readFileSync(join(trees.xen, "boot", "xen-4.17-amd64.gz"))));
  copyFileSync(kernelOf(trees.dom0Kernel), join(out, "dom0-vmlinuz"));
  writeFileSync(join(out, "dom0-initrd"), initrd(trees.dom0Kernel));
  stageDom0({ stage, xen: trees.xen, nodePath: process.execPath, root, manifest });
  cpSync(trees.domuKernel, join(stage, "domu-kernel"), { recursive: true });
  mkdirSync(join(stage, "attack"));
  writeFileSync(join(stage, "attack", "initrd"), attackerInitrd(trees.domuKernel));
  writeFileSync(join(stage, "make.mjs"), makeInDom0(HOUSE_IMAGES));
  const inTree = ["--mount", "--pid", "--fork", "--net", `--root=${stage}`, "--mount-proc"];
  const said = execFileSync("unshare", [...inTree, "/usr/bin/node", "/make.mjs"], { encoding: "utf8", env: TREE_ENVIRONMENT, stdio: ["ignore", "pipe", "inherit"] });
  say(`DomUs: ${said.trim()}`);
  // The launcher keeps its compiled code: it is started once, without a house.
  spawnSync("unshare", [...inTree, "/usr/bin/node", "/cg/host/launch/src/main.ts", "/no-house"], { env: TREE_ENVIRONMENT, stdio: "ignore" });
  rmSync(join(stage, "domu-kernel"), { recursive: true });
  rmSync(join(stage, "make.mjs"));
  execFileSync("mkfs.ext4", ["-q", "-F", "-m", "0", "-E", "lazy_itable_init=1,nodiscard", "-d", stage, join(out, "dom0.img"), `${String(DISK_MIB)}M`]);
  writeFileSync(join(out, "made-of"), inputs);
  rmSync(target, { recursive: true, force: true });
  renameSync(out, target);
  say(`made ${target}`);
};

const work = mkdtempSync(join(tmpdir(), "cg-xen-"));
try {
  execFileSync("chmod", ["755", work]);
  build(work);
} finally {
  rmSync(work, { recursive: true, force: true });
}
