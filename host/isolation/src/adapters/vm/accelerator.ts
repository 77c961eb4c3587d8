import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { CodedError } from "@crossguardian/kernel";
import { type Accelerator } from "../../machine/qemu-command.ts";
import { type MakeDriver, withMeasuredDomain } from "../measured-domain.ts";

const DEVICE = "/dev/kvm";
const GROUP_MAY = 0o060;
const MAX_WHY_CHARS = 200;

const tcg = (why: string): Accelerator => ({ kind: "tcg", why });

/** What was found out by booting: of this kernel and this QEMU only. */
type Trial = { readonly kernel: string; readonly qemu: string; readonly why: string | null };

const trialFile = (guestDir: string): string => `${guestDir}.accelerator`;

const isTrial = (value: unknown): value is Trial =>
  typeof value === "object" && value !== null && ["kernel", "qemu"].every((field) => typeof (value as Record<string, unknown>)[field] === "string") && ["string", "object"].includes(typeof (value as Record<string, unknown>)["why"]);

/** A trial's file as {@link tryAccelerator} wrote it; null: none that can be read. */
export const decodeTrial = (text: string): Trial | null => {
  try {
    const value: unknown = JSON.parse(text);
    return isTrial(value) ? value : null;
  } catch {
    return null;
  }
};

// A jail gets the device's group, and root's is not given to one.
const kvmDevice = (path: string): Accelerator => {
  if (!existsSync(path)) return tcg(`no ${path} here`);
  const { gid, mode } = statSync(path);
  return gid !== 0 && (mode & GROUP_MAY) === GROUP_MAY ? { kind: "kvm", gid } : tcg(`${path} is not open to a group of its own, as Debian's udev opens it to kvm`);
};

/** How machines are run here: by KVM where a guest was seen to boot and to go on by it with this kernel and this QEMU, else emulated, with the reason. */
export const readAccelerator = (guestDir: string, qemuVersion: string, device = DEVICE): Accelerator => {
  const found = kvmDevice(device);
  if (found.kind === "tcg") return found;
  const trial = existsSync(trialFile(guestDir)) ? decodeTrial(readFileSync(trialFile(guestDir), "utf8")) : null;
  if (trial?.kernel !== release() || trial.qemu !== qemuVersion) return tcg("KVM was not tried with this kernel and this QEMU: make images ARGS=--again");
  return trial.why === null ? found : tcg(`KVM was tried: ${trial.why}`);
};

/**
 * Finds out by booting whether guests run by KVM here: a domain is started in a machine, kept, and started again from what was kept. What came of it is remembered beside the guest's files.
 * @param makeDriver makes a driver that uses KVM with this device's group
 */
export const tryAccelerator = async (guestDir: string, qemuVersion: string, makeDriver: (accelerator: Accelerator) => MakeDriver, nodePath: string): Promise<Accelerator> => {
  const found = kvmDevice(DEVICE);
  if (found.kind === "tcg") return found;
  const lives = async (): Promise<null> => Promise.resolve(null);
  const why = await withMeasuredDomain(makeDriver(found), nodePath, lives, lives).then(
    () => null,
    (error: unknown) => (error instanceof CodedError ? error.message : String(error)).slice(0, MAX_WHY_CHARS),
  );
  writeFileSync(trialFile(guestDir), JSON.stringify({ kernel: release(), qemu: qemuVersion, why } satisfies Trial), { mode: 0o644 });
  return readAccelerator(guestDir, qemuVersion);
};
