import { CodedError } from "@crossguardian/kernel";
import { type Capabilities } from "../../driver.ts";
import { type XenInfo } from "../../xen/parse-xl.ts";
import { type XenHostFacts } from "./xen-host.ts";

/** Whether DomUs are kept apart by the processor; else Xen's paravirtualization does it. PVH needs nested or shadow paging as well: Debian's Xen has no shadow paging. */
export const hasHardwareVirtualization = ({ virtualization }: Pick<XenInfo, "virtualization">): boolean =>
  virtualization.includes("hvm") && (virtualization.includes("hap") || virtualization.includes("shadow"));

const notesOf = ({ info, deniesDomuToDomu }: XenHostFacts): readonly string[] => [
  ...(info === null ? [] : [
    hasHardwareVirtualization(info) ? "hardware virtualization: yes, DomUs are PVH" : "hardware virtualization: no, DomUs are PV",
    deniesDomuToDomu
      ? "XSM/SILO: on, Xen itself denies everything between two DomUs"
      : "XSM/SILO: off, a DomU reaches nothing another one does not offer it, but two compromised DomUs can share memory behind the switch: no production configuration is run",
  ]),
  "channels are vchans that a DomU offers to Dom0 alone; vchan-socket-proxy, a program of Xen, carries them to the switch",
  "a volume is a disk image: a journal does not move between this driver and the others",
];

/** What the xen driver tells about this host. */
export const xenCapabilities = (facts: XenHostFacts): Capabilities => {
  const usable = facts.missing.length === 0;
  return {
    driver: "xen",
    usable,
    runtime: facts.info === null ? null : { name: "xen", version: facts.info.version },
    namespaces: usable ? ["user", "pid", "net", "ipc", "uts", "mount", "cgroup"] : [],
    seccomp: usable,
    readOnlyRoot: usable,
    cgroup: { mode: "none", controllers: [] },
    limits: usable ? ["memory", "cpu", "pids", "tmpfs"] : [],
    pressure: false,
    missing: facts.missing,
    notes: notesOf(facts),
  };
};

/** @throws isolation.host.unsupported naming the first part that is missing, isolation.xen.undenied where a production configuration asks for more than this Xen does */
export const requireUsableXen = ({ missing, info, deniesDomuToDomu }: XenHostFacts, production: boolean): XenInfo => {
  const [first, ...others] = missing;
  if (first !== undefined) throw new CodedError("isolation.host.unsupported", { part: first.part, remedy: first.remedy, others: others.length });
  if (info === null) throw new CodedError("isolation.host.unsupported", { part: "Xen", remedy: "Debian package xen-system-amd64", others: 0 });
  if (production && !deniesDomuToDomu) {
    throw new CodedError("isolation.xen.undenied", { version: info.version, remedy: "a Xen built with CONFIG_XSM_SILO (Debian 12's is not) and booted with xsm=silo" });
  }
  return info;
};
