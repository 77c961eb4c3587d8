import { CodedError } from "@crossguardian/kernel";
import { type FromSwitch, readFromSwitch } from "../switch-lines.ts";
import { type SwitchLine } from "../switch-ports.ts";
import { type HeldSocket } from "./channel-pair.ts";
import { type HostProcess, type StartedProcess, startHostProcess } from "./host-process.ts";

/** Longest wait for the switch to take its policy, in ms; an emulated processor on a busy host is slow. */
export const SWITCH_READY_DEADLINE_MS = 60_000;

/** A running switch. */
export type StartedSwitch = StartedProcess & {
  readonly line: SwitchLine<HeldSocket>;
  /** Resolves when the switch took the policy. @throws launch.switch.ended */
  readonly ready: Promise<void>;
};

/** Starts the switch; it gets nothing but its IPC channel. */
export const startSwitch = async (
  process: HostProcess,
  outputFd: number,
  onMessage: (message: FromSwitch) => void,
): Promise<StartedSwitch> => {
  const started = await startHostProcess(process, ["ignore", outputFd, outputFd, "ipc"]);
  const { child } = started;
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
  ready.catch(() => undefined);
  const timer = setTimeout(() => reject(new CodedError("launch.switch.ended", { deadlineMs: SWITCH_READY_DEADLINE_MS })), SWITCH_READY_DEADLINE_MS);
  void started.exited.then(({ code, signal }) => reject(new CodedError("launch.switch.ended", { code: code ?? -1, signal: signal ?? "" })));
  void ready.finally(() => clearTimeout(timer)).catch(() => undefined);
  child.on("message", (untrusted: unknown) => {
    const message = readFromSwitch(untrusted);
    if (message?.type === "ready") resolve();
    else if (message !== null) onMessage(message);
  });
  return {
    ...started,
    ready,
    line: {
      send: (message, end) => {
        if (!child.connected) return;
        // A switch that is gone is replaced, and its successor gets everything again.
        const ignore = (): void => undefined;
        if (end === undefined) child.send(message, ignore);
        else child.send(message, end.socket, { keepOpen: true }, ignore);
      },
    },
  };
};
