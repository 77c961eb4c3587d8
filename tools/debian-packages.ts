import { execFileSync } from "node:child_process";
import { chownSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Xen's own packages and the libraries its programs load. They are unpacked, not installed: this machine does not become a Xen host. */
const XEN_PACKAGES = [
  "xen-hypervisor-4.17-amd64", "xen-utils-4.17", "xen-utils-common", "xenstore-utils", "libxenmisc4.17", "libxencall1", "libxendevicemodel1", "libxenevtchn1",
  "libxenforeignmemory1", "libxengnttab1", "libxenhypfs1", "libxenstore4", "libxentoolcore1", "libxentoollog1",
  "libyajl2", "libfdt1", "libnl-3-200", "libnl-route-3-200", "liblzo2-2", "libuuid1", "libbz2-1.0",
] as const;

/** The kernel of Dom0; the cloud kernel can not be one. */
const DOM0_KERNEL = "linux-image-amd64";
/** The kernel of guests: DomUs, and machines of QEMU. */
export const GUEST_KERNEL = "linux-image-cloud-amd64";

/** The package of a kernel itself behind Debian's package that follows its version. */
export const kernelPackage = (following: string): string => {
  const words = execFileSync("apt-cache", ["depends", following], { encoding: "utf8" });
  const name = /Depends: (linux-image-[\w.+-]+)/u.exec(words)?.[1];
  if (name === undefined) throw new Error(`apt-cache knows no ${following}; run apt-get update`);
  return name;
};

/** Downloads packages through apt, which checks them against Debian's signed lists, and unpacks them into one folder. */
export const unpackPackages = (packages: readonly string[], work: string, target: string): void => {
  mkdirSync(work, { recursive: true });
  mkdirSync(target, { recursive: true });
  chownSync(work, 0, 0);
  execFileSync("apt-get", ["-q", "download", ...packages], { cwd: work, stdio: ["ignore", "ignore", "ignore"] });
  for (const file of readdirSync(work).filter((name) => name.endsWith(".deb"))) execFileSync("dpkg-deb", ["-x", join(work, file), target]);
  rmSync(work, { recursive: true });
};

/** Folders of the unpacked packages. */
export type UnpackedXen = { readonly xen: string; readonly dom0Kernel: string; readonly domuKernel: string };

/** Where they are below `work`. */
export const xenTrees = (work: string): UnpackedXen => ({ xen: join(work, "xen"), dom0Kernel: join(work, "dom0-kernel"), domuKernel: join(work, "domu-kernel") });

/** Xen, and the two kernels, each in a folder below `work`. */
export const unpackXen = (work: string): void => {
  const { xen, dom0Kernel, domuKernel } = xenTrees(work);
  unpackPackages(XEN_PACKAGES, join(work, "debs-xen"), xen);
  unpackPackages([kernelPackage(DOM0_KERNEL)], join(work, "debs-dom0"), dom0Kernel);
  unpackPackages([kernelPackage(GUEST_KERNEL)], join(work, "debs-domu"), domuKernel);
};
