/** Longest domain name in characters; it is part of cgroup and container names. */
export const MAX_DOMAIN_NAME_CHARS = 40;
/** Longest instance id in characters. */
export const MAX_INSTANCE_CHARS = 24;
/** Most arguments of a domain's program. */
export const MAX_ARGUMENTS_COUNT = 32;
/** Longest argument or environment value in characters. */
export const MAX_ARGUMENT_CHARS = 8_192;
/** Most environment variables. */
export const MAX_ENVIRONMENT_COUNT = 32;
/** Longest path in characters. */
export const MAX_PATH_CHARS = 1_024;
/** Least memory in bytes with which Node 24 starts. */
export const MIN_MEMORY_BYTES = 48 * 1024 * 1024;
/** Most memory in bytes a domain can be given. */
export const MAX_MEMORY_BYTES = 64 * 1024 * 1024 * 1024;
/** Fewest tasks with which Node 24 and its runtime start. */
export const MIN_PIDS_COUNT = 16;
/** Most tasks a domain can be given. */
export const MAX_PIDS_COUNT = 4_096;
/** Most cpu in percent of one core. */
export const MAX_CPU_PERCENT = 25_600;
/** Largest /tmp in bytes. */
export const MAX_TMPFS_BYTES = 4 * 1024 * 1024 * 1024;
/** Most files in /tmp. */
export const MAX_TMPFS_INODES_COUNT = 1_000_000;
/** First host uid that may be mapped; below are the host's own users. */
export const MIN_UID_BASE = 65_536;
/** Host uids per domain. */
export const UIDS_PER_DOMAIN_COUNT = 65_536;
/** Open files of a domain. */
export const MAX_OPEN_FILES_COUNT = 4_096;
/** Cpu share in percent of one core that a quarantined domain keeps. */
export const ISOLATED_CPU_PERCENT = 2;
/** Longest wait in milliseconds for a started domain's pid. */
export const START_DEADLINE_MS = 20_000;
/** Longest wait in milliseconds for a killed domain's processes to be gone. */
export const KILL_DEADLINE_MS = 5_000;
/** The same of a killed machine: it gives its memory back first, and the machines beside it leave little cpu time for that. */
export const MACHINE_KILL_DEADLINE_MS = 40_000;
/** Longest wait in milliseconds for a machine's guest to answer; an emulated processor on a busy host is slow. */
export const MACHINE_DEADLINE_MS = 150_000;
/** Longest wait in milliseconds for a guest to do what its driver says. */
export const GUEST_ANSWER_DEADLINE_MS = 20_000;
/** Time in milliseconds a shared machine stays when its last domain is gone. */
export const MACHINE_LINGER_MS = 20_000;
/** Most domains of a machine: serial ports of one controller without the first. */
export const MACHINE_SLOTS_COUNT = 24;
/** Memory in bytes a guest's kernel and page cache get beside the domain's limit. */
export const GUEST_KERNEL_BYTES = 128 * 1024 * 1024;
/** Memory in bytes QEMU may use beside the guest's and that of translated code. */
export const MACHINE_OVERHEAD_BYTES = 192 * 1024 * 1024;
/** Tasks of a QEMU process. */
export const MACHINE_TASKS_COUNT = 96;
/** Size in bytes of a machine's disk; it takes only what is written. */
export const VOLUME_DISK_BYTES = 2 * 1024 * 1024 * 1024;
/** Time in milliseconds between two looks at the size of a volume, at least. */
export const VOLUME_LOOK_MS = 500;
/** Most files of a volume. */
export const MAX_VOLUME_FILES_COUNT = 1_000_000;
/** Longest wait in milliseconds for Xen to do what `xl` is told; on an emulated processor it is slow. */
export const XL_DEADLINE_MS = 60_000;
/** Longest wait in milliseconds for a command such as `crun --version`. */
export const COMMAND_DEADLINE_MS = 10_000;
/** Most bytes read of a runtime's error text. */
export const MAX_RUNTIME_LOG_BYTES = 4_096;
/** Most bytes of output kept of one run of a domain; the rest is dropped. */
export const MAX_LOG_BYTES = 64 * 1024 * 1024;
/** Longest run in milliseconds of a domain that fills a code cache. */
export const FILL_DEADLINE_MS = 40_000;
/** Most files of a code cache. */
export const MAX_CODE_CACHE_FILES_COUNT = 20_000;
