import { type CounterReader, type CpuClasses, type DomainLimits, type DomainSpec, type HostGroup, type Isolation, type IsolationDriver, type KernelFacts } from "@crossguardian/isolation";
import { type Clock, type Fact } from "@crossguardian/kernel";
import { type ChannelPair } from "./adapters/channel-pair.ts";
import { type HostProcess, type StartedProcess } from "./adapters/host-process.ts";
import { type HouseFolders } from "./adapters/house-folders.ts";
import { type LineSocket } from "./adapters/line-socket.ts";
import { type StartedSwitch } from "./adapters/start-switch.ts";
import { type CodeCache, type CodeStore } from "./code-cache.ts";
import { type MachineMemory } from "./require-memory.ts";
import { type FromSwitch } from "./switch-lines.ts";

/** Signals the launcher sends. */
export type Signal = "SIGTERM" | "SIGKILL" | "SIGSTOP" | "SIGCONT";

/** What the launcher may do, handed in by its entry. */
export type HousePowers = {
  readonly launcherPid: number;
  readonly clock: Clock;
  readonly driverOf: (isolation: Isolation) => IsolationDriver;
  readonly folders: HouseFolders;
  readonly policyText: string;
  readonly nodePath: string;
  readonly nodeSha256: string;
  /** Folder and file listing of a measured image. */
  readonly image: (name: string) => { readonly path: string; readonly listing: string };
  readonly codeStore: CodeStore;
  /** Runs a domain once in its jail so that its code cache is filled. */
  readonly fillJailCode: (isolation: Isolation, spec: DomainSpec, folder: string) => Promise<boolean>;
  /** Runs a process of the host once so that its code cache is filled. */
  readonly fillHostCode: (process: HostProcess, folder: string) => Promise<boolean>;
  /** The variables by which a process of the host finds its code cache. */
  readonly hostCode: (name: string, cache: CodeCache | undefined, uid: number) => Readonly<Record<string, string>>;
  /** Control groups for a process of the host; null where the driver has none. */
  readonly makeGroup: (name: string, limits: DomainLimits) => HostGroup | null;
  readonly cpuClasses: () => CpuClasses;
  readonly machineMemory: () => MachineMemory;
  /** Opens the kernel's counters of a process of the house. */
  readonly openCounters: (name: string, pid: number) => CounterReader;
  /** First host uid of a slot: a domain's port, or -1 for the switch. */
  readonly uidBase: (slot: number) => number;
  /** Uid inside a range under which processes of the host run. */
  readonly uidOffset: number;
  readonly makePair: (path: string) => Promise<ChannelPair>;
  readonly startSwitch: (
    process: HostProcess,
    outputFd: number,
    onMessage: (message: FromSwitch) => void,
  ) => Promise<StartedSwitch>;
  readonly startHostProcess: (process: HostProcess, outputFd: number, channelFd: number) => Promise<StartedProcess>;
  /** Opens the line to a started management process. */
  readonly openLine: (
    process: StartedProcess,
    on: { readonly line: (untrustedLine: string) => void; readonly end: () => void },
  ) => LineSocket;
  readonly closeFd: (fd: number) => void;
  /** Signals a process; nothing when it is gone. */
  readonly signal: (run: { readonly pid: number; readonly signal?: (signal: Signal) => void }, signal: Signal) => void;
  readonly kernelFacts: (pid: number) => KernelFacts | null;
  /** Writes an event. */
  readonly record: (event: string, facts: Readonly<Record<string, Fact>>) => void;
};
