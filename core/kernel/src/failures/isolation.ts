import { type FailureTable } from "./failure-table.ts";

/** Failure codes of the area `isolation`. */
export const ISOLATION_FAILURES = {
  "isolation.spec.invalid": { action: "refuse", says: "a domain specification breaks a rule" },
  "isolation.none.production": {
    action: "refuse",
    says: "the un-isolated driver is for measuring only and does not run a production configuration",
  },
  "isolation.network.unsupported": {
    action: "refuse",
    says: "only the driver oci runs a domain with the host's network",
  },
  "isolation.reshaped.production": {
    action: "refuse",
    says: "a driver whose configuration is changed for an experiment does not run a production configuration",
  },
  "isolation.host.unsupported": {
    action: "alarm",
    says: "this host lacks a part isolation needs; nothing is started without it",
  },
  "isolation.node.libraries": { action: "alarm", says: "the libraries of the node binary were not found" },
  "isolation.volume.unsafe": { action: "alarm", says: "the volume is not a plain directory" },
  "isolation.volume.full": { action: "alarm", says: "a domain filled its volume beyond its bound; what is in it can be rebuilt or has to be moved" },
  "isolation.seal.failed": { action: "retry", says: "the /proc of an admitted domain could not be taken away" },
  "isolation.cgroup.create": { action: "alarm", says: "a control group could not be made or limited" },
  "isolation.cgroup.busy": { action: "alarm", says: "a control group did not empty within its deadline" },
  "isolation.resource.unsupported": { action: "refuse", says: "the driver or this host does not bound this resource while a domain runs; the facts say what is missing" },
  "isolation.resource.used": { action: "refuse", says: "the domain uses more memory than the new bound; the kernel would end it" },
  "isolation.domain.exists": { action: "refuse", says: "a domain of this name runs already" },
  "isolation.domain.unknown": { action: "refuse", says: "no domain of this name was prepared by this driver" },
  "isolation.start.failed": { action: "retry", says: "the runtime ended before the domain started" },
  "isolation.start.late": { action: "retry", says: "the domain did not start within its deadline" },
  "isolation.guest.kernel": { action: "alarm", says: "the package of the guest's kernel is not as Debian 12's" },
  "isolation.machine.silent": { action: "retry", says: "a machine did not answer within its deadline" },
  "isolation.machine.monitor": { action: "retry", says: "the monitor of a machine's QEMU refused a command, or did not answer; what was kept of the machine is forgotten and its next start boots it" },
  "isolation.machine.unborn": { action: "retry", says: "a guest did not take its own secret, or did not let go of its disks; it is ended, and the next start boots it" },
  "isolation.machine.full": { action: "refuse", says: "a machine has no room for another domain" },
  "isolation.machine.image": { action: "refuse", says: "domains of one machine need one image" },
  "isolation.xen.undenied": { action: "refuse", says: "this Xen does not deny what two DomUs do with each other, and a production configuration needs that" },
  "isolation.xen.refused": { action: "retry", says: "Xen did not do what xl was told" },
  "isolation.facts.unreadable": { action: "alarm", says: "the kernel's facts about a process could not be read" },
} as const satisfies FailureTable;
