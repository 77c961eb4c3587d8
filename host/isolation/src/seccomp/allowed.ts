/** One allowed system call and why a domain needs it; not listed means EPERM. */
export type AllowedSyscall = {
  readonly names: readonly string[];
  readonly reason: string;
  /** Only on this architecture; the other has no such call. */
  readonly arch?: "x64";
};

const X64 = "x64";

/** System calls allowed with any argument. Found by running Node 24 with everything else denied. */
export const ALLOWED: readonly AllowedSyscall[] = [
  { names: ["execve"], reason: "the runtime replaces itself by node after the filter is on; /tmp and /data are noexec" },
  { names: ["arch_prctl"], reason: "glibc sets the thread pointer", arch: X64 },
  { names: ["set_tid_address", "set_robust_list", "rseq"], reason: "glibc registers each thread" },
  { names: ["brk", "mmap", "munmap", "mprotect", "mremap", "madvise"], reason: "heap, stacks, V8's code and cages" },
  { names: ["membarrier"], reason: "V8 synchronises code patches between threads" },
  { names: ["futex"], reason: "every lock and condition variable" },
  { names: ["sched_yield", "sched_getaffinity"], reason: "V8 and libuv size their thread pools" },
  { names: ["sched_getparam", "sched_getscheduler"], reason: "V8 asks for the priority of its own threads (pthread_getschedparam)" },
  { names: ["exit", "exit_group"], reason: "a thread or the process ends" },
  { names: ["rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack"], reason: "libuv and V8 install handlers" },
  { names: ["tgkill"], reason: "abort() ends the process by a signal to itself" },
  { names: ["restart_syscall"], reason: "the kernel resumes a sleep after freeze and thaw" },
  { names: ["clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday"], reason: "time and waiting" },
  { names: ["getrandom"], reason: "keys and nonces" },
  { names: ["getpid", "getppid", "gettid", "getuid", "geteuid", "getgid", "getegid", "getgroups"], reason: "who am I; the self-test reports it" },
  { names: ["prlimit64"], reason: "node raises its soft limit of open files to the hard one" },
  { names: ["uname", "sysinfo", "getrusage"], reason: "process.version, memory and cpu usage for the heartbeat" },
  { names: ["read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "lseek"], reason: "files and the channel" },
  { names: ["openat", "close", "fstat", "newfstatat", "statx", "faccessat", "faccessat2", "readlinkat", "getcwd", "getdents64"], reason: "modules are found and loaded; /data is read" },
  { names: ["access", "readlink"], reason: "modules are found and loaded; older forms glibc still uses", arch: X64 },
  { names: ["close_range"], reason: "the runtime closes what it must not leave open" },
  { names: ["dup", "dup3", "fcntl"], reason: "descriptor flags: non-blocking, close on exec" },
  { names: ["dup2"], reason: "descriptor flags, older form", arch: X64 },
  { names: ["ftruncate", "fsync", "fdatasync", "fadvise64", "flock"], reason: "journal and block store make their writes durable" },
  { names: ["renameat", "renameat2", "unlinkat", "mkdirat", "fchmod", "fchmodat", "utimensat"], reason: "journal and block store replace files" },
  { names: ["rename", "unlink", "mkdir", "rmdir", "chmod"], reason: "journal and block store replace files, older forms", arch: X64 },
  { names: ["umask", "statfs", "fstatfs"], reason: "fs of node: free space of /data" },
  { names: ["copy_file_range", "sendfile"], reason: "fs.copyFile" },
  { names: ["epoll_create1", "epoll_ctl", "epoll_pwait", "eventfd2", "pipe2", "ppoll"], reason: "libuv's event loop" },
  { names: ["epoll_wait", "poll"], reason: "libuv's event loop, older forms", arch: X64 },
  { names: ["getsockname", "getsockopt", "shutdown"], reason: "libuv asks what kind of socket the channel is, and ends it" },
];

/** Added where the domain has the host's network. */
export const ALLOWED_NETWORK: readonly AllowedSyscall[] = [
  { names: ["bind", "listen", "accept4", "connect", "getpeername", "setsockopt", "sendto", "recvfrom", "sendmsg", "recvmsg"], reason: "sockets of the kinds below" },
  { names: ["sendmmsg", "recvmmsg"], reason: "datagrams of a name server or a peer" },
];
