import { CodedError } from "@crossguardian/kernel";
import { type Capabilities } from "../../driver.ts";
import { type VmHostFacts } from "./vm-host.ts";

/** What the vm driver tells about this host. */
export const vmCapabilities = (facts: VmHostFacts): Capabilities => {
  const usable = facts.missing.length === 0;
  return {
    driver: "vm",
    usable,
    runtime: facts.qemuVersion === null ? null : { name: "qemu", version: facts.qemuVersion },
    namespaces: usable ? ["user", "pid", "net", "ipc", "uts", "mount", "cgroup"] : [],
    seccomp: usable,
    readOnlyRoot: usable,
    cgroup: { mode: facts.container.layout.mode, controllers: facts.container.controllers },
    limits: usable ? ["memory", "cpu", "pids", "tmpfs"] : [],
    pressure: false,
    missing: facts.missing,
    notes: [
      facts.accelerator.kind === "kvm"
        ? "guests run on the host's processor (KVM)"
        : `the processor is emulated (TCG), which QEMU's own policy does not call a security boundary: QEMU's jail is the boundary here; ${facts.accelerator.why}`,
      "domains of one machine share its kernel; each is a container in it with a serial port of its own",
      "counters of a domain in a shared machine are what its guest says",
      "a volume is a disk image: a journal does not move between this driver and the others",
    ],
  };
};

/** @throws isolation.host.unsupported naming the first part that is missing */
export const requireUsableVm = ({ missing }: VmHostFacts): void => {
  const [first, ...others] = missing;
  if (first !== undefined) throw new CodedError("isolation.host.unsupported", { part: first.part, remedy: first.remedy, others: others.length });
};
