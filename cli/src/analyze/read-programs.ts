import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";

import { type DomainSize, guestDirOf, measureSizes } from "@crossguardian/boot";

import { type DomainWay, type Program, type SecurityInput } from "./security.ts";

/** Lines of source per byte of a binary are not to be had from the binary: this many bytes count as one line. */
export const BYTES_PER_LINE = 40;

const fromBytes = (name: string, bytes: number): Program => ({ name, lines: Math.round(bytes / BYTES_PER_LINE), isTrusted: true });

const fileBytes = (paths: readonly string[]): number => {
  const path = paths.find(existsSync);
  return path === undefined ? 0 : statSync(realpathSync(path)).size;
};

/** Bytes of the host's kernel in memory, from /proc/iomem, which only root sees; modules are not in it. */
const hostKernelBytes = (): number => {
  const lines = readFileSync("/proc/iomem", "utf8").split("\n").filter((line) => line.includes(": Kernel "));
  return lines.reduce((total, line) => {
    const [, from = "0", to = "0"] = /^\s*([0-9a-f]+)-([0-9a-f]+)/u.exec(line) ?? [];
    return total + Number.parseInt(to, 16) - Number.parseInt(from, 16) + 1;
  }, 0);
};

// Images whose code parses what nodes say; the rest of a gateway is trusted with something.
const UNTRUSTED = "appchain";
const NETWORK = new Set(["switch", "network"]);
const GATEWAY = ["appchain", "interaction", "relay"];

const programOf = ({ image, ownLines, thirdPartyLines }: DomainSize): Program => ({
  name: image,
  lines: ownLines + thirdPartyLines,
  isTrusted: !image.startsWith(UNTRUSTED),
});

/** Reads the sizes of everything a gateway loads on this machine, with each driver. */
export const readSecurityInput = (root: string): Pick<SecurityInput, "conventional" | "network" | "domains"> => {
  const images = measureSizes(root).map(programOf);
  const node = fromBytes("node", fileBytes([process.execPath]));
  const kernel = fromBytes("host kernel", hostKernelBytes());
  const guest = fromBytes("guest kernel", fileBytes([join(guestDirOf({ root }), "vmlinux")]));
  const qemu = fromBytes("qemu", fileBytes(["/usr/bin/qemu-system-x86_64"]));
  const runsc = fromBytes("gVisor", fileBytes(["/usr/bin/runsc"]));
  const barriers: Readonly<Record<string, readonly Program[]>> = { oci: [kernel], gvisor: [runsc, kernel], vm: [guest, qemu, kernel] };
  const present = Object.entries(barriers).filter(([, each]) => each.every(({ lines }) => lines > 0));
  const ways: readonly DomainWay[] = images
    .filter(({ name }) => GATEWAY.includes(name))
    .flatMap((image) => present.map(([driver, each]) => ({ domain: image.name, driver, inside: [image, node], barriers: each })));
  return {
    conventional: [...images.filter(({ name }) => GATEWAY.includes(name) || NETWORK.has(name) || name === "management"), node, kernel],
    network: images.filter(({ name }) => NETWORK.has(name)),
    domains: ways,
  };
};
