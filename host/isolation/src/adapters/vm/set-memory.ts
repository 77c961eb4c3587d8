import { setTimeout as sleep } from "node:timers/promises";
import { CodedError } from "@crossguardian/kernel";
import { type CgroupLayout } from "../../cgroup/layout.ts";
import { setResources } from "../set-resources.ts";
import { fieldOf, type QmpLink } from "./qmp-link.ts";

/** A machine whose memory may change while it runs. */
export type ElasticMachine = {
  readonly name: string;
  readonly instance: string;
  /** What it was started with, in bytes: the most it can have. */
  readonly memoryBytes: number;
  /** What its QEMU may use beside the guest's memory, in bytes. */
  readonly besideBytes: number;
};

/** Longest wait in ms for a guest to hand memory back, or to take it. */
const HAND_OVER_DEADLINE_MS = 20_000;
const LOOK_MS = 20;
const PAGE_BYTES = 4_096;

/** Bytes a guest has now. QEMU carries a guest: what is no number is no memory handed back. */
const guestBytes = async (qmp: QmpLink): Promise<number> => {
  const actual = fieldOf(await qmp.run("query-balloon"), "actual");
  return typeof actual === "number" ? actual : Infinity;
};

/**
 * Changes the memory of a machine: its guest hands pages back by a balloon, and the control group around its QEMU has the bound moved after them, so that a guest that takes
 * them again is ended. One that does not hand them back keeps its bound.
 * @throws isolation.resource.unsupported above what it was started with, isolation.resource.used where the guest did not hand back in time or QEMU holds more, isolation.machine.monitor
 */
export const setMachineMemory = async (layout: CgroupLayout, qmp: QmpLink, machine: ElasticMachine, wantedBytes: number): Promise<void> => {
  const bytes = wantedBytes - (wantedBytes % PAGE_BYTES);
  const { name, instance, memoryBytes, besideBytes } = machine;
  if (bytes > memoryBytes) throw new CodedError("isolation.resource.unsupported", { domain: name, resource: "memoryBytes", missing: `memory above the ${String(memoryBytes)} bytes it was started with` });
  const bound = (): void => setResources(layout, { name, instance }, { memoryBytes: bytes + besideBytes });
  const before = await guestBytes(qmp);
  if (before < bytes) bound();
  await qmp.run("balloon", { value: bytes });
  const endMs = performance.now() + HAND_OVER_DEADLINE_MS;
  while ((await guestBytes(qmp)) !== bytes) {
    if (performance.now() > endMs) {
      await qmp.run("balloon", { value: Math.min(before, memoryBytes) });
      throw new CodedError("isolation.resource.used", { domain: name, usedBytes: before, bytes });
    }
    await sleep(LOOK_MS);
  }
  if (before >= bytes) bound();
};
