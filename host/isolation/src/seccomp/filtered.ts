/** One comparison of an argument; `masked` compares only the bits of `mask`. */
export type ArgumentRule = {
  readonly index: number;
  readonly value: number;
  readonly mask?: number;
};

/** A system call that is allowed only where all its arguments match. */
export type FilteredSyscall = {
  readonly name: string;
  readonly args: readonly ArgumentRule[];
  readonly reason: string;
};

const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const SOCK_TYPE_MASK = 0xf;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const NETLINK_ROUTE = 0;

const CLONE_THREAD = 0x00010000;
const CLONE_NEWTIME = 0x00000080;
const CLONE_NEWNS = 0x00020000;
const CLONE_NEWCGROUP = 0x02000000;
const CLONE_NEWUTS = 0x04000000;
const CLONE_NEWIPC = 0x08000000;
const CLONE_NEWUSER = 0x10000000;
const CLONE_NEWPID = 0x20000000;
const CLONE_NEWNET = 0x40000000;
const CLONE_NEW_ANY =
  CLONE_NEWTIME + CLONE_NEWNS + CLONE_NEWCGROUP + CLONE_NEWUTS + CLONE_NEWIPC + CLONE_NEWUSER + CLONE_NEWPID + CLONE_NEWNET;

const only = (name: string, index: number, value: number, reason: string): FilteredSyscall => ({
  name,
  args: [{ index, value }],
  reason,
});

/** System calls whose arguments decide. */
export const FILTERED: readonly FilteredSyscall[] = [
  {
    name: "clone",
    args: [{ index: 0, mask: CLONE_THREAD + CLONE_NEW_ANY, value: CLONE_THREAD }],
    reason: "threads of the same process only: no second process, no namespace",
  },
  only("ioctl", 1, 0x5421, "FIONBIO: libuv makes a descriptor non-blocking"),
  only("ioctl", 1, 0x5451, "FIOCLEX: libuv closes a descriptor on exec"),
  only("ioctl", 1, 0x5450, "FIONCLEX: the opposite"),
  only("ioctl", 1, 0x541b, "FIONREAD: bytes waiting"),
  only("ioctl", 1, 0x5401, "TCGETS: isatty()"),
  only("prctl", 0, 15, "PR_SET_NAME: threads are named"),
  only("prctl", 0, 16, "PR_GET_NAME"),
  only("prctl", 0, 0x53564d41, "PR_SET_VMA: V8 and glibc name mappings"),
];

const internet = (family: number, type: number, reason: string): FilteredSyscall => ({
  name: "socket",
  args: [
    { index: 0, value: family },
    { index: 1, mask: SOCK_TYPE_MASK, value: type },
  ],
  reason,
});

/** Added where the domain has the host's network: TCP and UDP, no raw and no packet sockets. */
export const FILTERED_NETWORK: readonly FilteredSyscall[] = [
  internet(AF_INET, SOCK_STREAM, "TCP to listed endpoints"),
  internet(AF_INET, SOCK_DGRAM, "UDP: name server, QUIC"),
  internet(AF_INET6, SOCK_STREAM, "TCP to listed endpoints"),
  internet(AF_INET6, SOCK_DGRAM, "UDP: name server, QUIC"),
  {
    name: "socket",
    args: [
      { index: 0, value: AF_NETLINK },
      { index: 2, value: NETLINK_ROUTE },
    ],
    reason: "getaddrinfo and os.networkInterfaces read the host's addresses; changing them needs a capability",
  },
];
