import { ALLOWED, type AllowedSyscall } from "./allowed.ts";
import { FILTERED, type FilteredSyscall } from "./filtered.ts";
import { toRule, type SeccompProfile } from "./profile.ts";

/** System calls QEMU makes beside those of a Node domain. Found by running it with everything else denied. */
export const ALLOWED_MACHINE: readonly AllowedSyscall[] = [
  { names: ["seccomp"], reason: "QEMU narrows itself further (-sandbox on)" },
  { names: ["signalfd4", "rt_sigtimedwait", "rt_sigpending"], reason: "its main loop takes signals as descriptors" },
  { names: ["timer_create", "timer_settime", "timer_gettime", "timer_delete"], reason: "timers of the emulated clocks" },
  { names: ["stat", "lstat", "open", "getdents"], reason: "older forms in its libraries" },
  { names: ["mincore", "mlock", "munlock", "msync"], reason: "guest memory" },
  { names: ["memfd_create"], reason: "guest memory" },
  { names: ["select", "pselect6"], reason: "waiting, older forms" },
  { names: ["sched_setaffinity", "setpriority", "sched_setattr", "sched_getattr"], reason: "threads of emulated processors" },
  { names: ["bind", "listen", "accept4", "connect", "getpeername", "setsockopt", "sendto", "recvfrom", "sendmsg", "recvmsg"], reason: "sockets of the kind below: one for each channel, the control port and the log" },
  { names: ["fallocate"], reason: "its disk" },
  { names: ["socketpair", "timerfd_create", "timerfd_settime"], reason: "its event loop" },
];

const AF_UNIX = 1;
/** All requests of KVM and no other device's: the second byte of each is 0xae (linux/kvm.h). */
const KVM_REQUESTS: FilteredSyscall = { name: "ioctl", args: [{ index: 1, mask: 0xff00, value: 0xae00 }], reason: "guests run on the host's processor" };

const MADV_HUGEPAGE = 14;
/** QEMU asks for large pages and goes on with small ones: of a large one a guest that starts touches little, and the kernel clears all of it while the guest waits. */
const NO_LARGE_PAGES = { names: ["madvise"], action: "SCMP_ACT_ALLOW", args: [{ index: 2, value: MADV_HUGEPAGE, op: "SCMP_CMP_NE" }] } as const;

/** What QEMU's jail allows: the list of a domain, and this. @param hasKvm whether it may ask KVM @param hasLargePages whether it may have memory in large pages */
export const machineProfile = (hasKvm: boolean, hasLargePages: boolean): SeccompProfile => {
  const all = [...new Set([...ALLOWED, ...ALLOWED_MACHINE].flatMap((entry) => entry.names))];
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: 1,
    architectures: ["SCMP_ARCH_X86_64"],
    syscalls: [
      { names: hasLargePages ? all : all.filter((name) => name !== "madvise"), action: "SCMP_ACT_ALLOW" },
      ...(hasLargePages ? [] : [NO_LARGE_PAGES]),
      { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 38 },
      ...[...FILTERED, ...(hasKvm ? [KVM_REQUESTS] : [])].map(toRule),
      { names: ["socket"], action: "SCMP_ACT_ALLOW", args: [{ index: 0, value: AF_UNIX, op: "SCMP_CMP_EQ" }] },
      ...[22, 38, 41].map((value) => ({ names: ["prctl"], action: "SCMP_ACT_ALLOW", args: [{ index: 0, value, op: "SCMP_CMP_EQ" }] })),
    ],
  };
};
