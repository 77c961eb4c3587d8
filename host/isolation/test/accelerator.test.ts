import { deepStrictEqual, match, ok, strictEqual } from "node:assert";
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { release, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readAccelerator } from "../src/adapters/vm/accelerator.ts";
import { AGENT_SCRIPT } from "../src/machine/init-script.ts";
import { qemuCommand } from "../src/machine/qemu-command.ts";
import { machineProfile } from "../src/seccomp/machine-profile.ts";
import { qemuConfig } from "../src/machine/qemu-config.ts";
import { skipReason } from "./probe-harness.ts";
import { makeVmDriver } from "../src/index.ts";

const GID = 59_999;
const guestDir = join(import.meta.dirname, "../../../.crossguardian/guest");
const skip = await skipReason(({ runDir }) => makeVmDriver({ runDir, guestDir }));

test("machines run by KVM only where its device is open to a group of its own and a guest was seen to live by it with this kernel and this QEMU", { skip: process.getuid?.() === 0 ? false : "a device's group is root's to give" }, () => {
  const folder = mkdtempSync(join(tmpdir(), "cg-kvm-"));
  try {
    const device = join(folder, "kvm");
    const guest = join(folder, "guest");
    const whyNot = (): string => {
      const found = readAccelerator(guest, "7.2", device);
      return found.kind === "tcg" ? found.why : `kvm ${found.gid.toString()}`;
    };
    const remember = (trial: unknown): void => writeFileSync(`${guest}.accelerator`, typeof trial === "string" ? trial : JSON.stringify(trial));
    match(whyNot(), /^no .*kvm here$/u);
    writeFileSync(device, "");
    for (const [gid, mode] of [[0, 0o660], [GID, 0o600], [GID, 0o640]] as const) {
      chownSync(device, 0, gid);
      chmodSync(device, mode);
      match(whyNot(), /not open to a group of its own/u);
    }
    chmodSync(device, 0o660);
    match(whyNot(), /not tried/u);
    const lived = { kernel: release(), qemu: "7.2", why: null };
    for (const other of ["{", "[]", { ...lived, kernel: "another" }, { ...lived, qemu: "9.0" }, { ...lived, qemu: 7 }, { kernel: release(), qemu: "7.2" }]) {
      remember(other);
      match(whyNot(), /not tried/u);
    }
    remember({ ...lived, why: "it did not answer" });
    strictEqual(whyNot(), "KVM was tried: it did not answer");
    remember(lived);
    strictEqual(whyNot(), `kvm ${GID.toString()}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a jail of QEMU has KVM's device, its group and its requests where guests run by it, and nothing of them where they are emulated", () => {
  const base = { libraries: [], qemu: "/q", modules: "/m", firmware: "/f", guest: "/g", image: "/i", disk: null, memory: null, stateSocket: null, hasLargePages: true };
  const jail = (kvmGid: number | null): string => JSON.stringify(qemuConfig("m", 1_000_000, ["qemu"], { ...base, kvmGid }));
  const traces = (text: string): readonly boolean[] => ["/dev/kvm", "additionalGids", `"hostID":${GID.toString()}`, `"valueTwo":${0xae00.toString()}`].map((each) => text.includes(each));
  deepStrictEqual(traces(jail(GID)), [true, true, true, true]);
  deepStrictEqual(traces(jail(null)), [false, false, false, false]);
  const machine = { memoryBytes: 2 ** 27, cores: 1, tscKhz: 1, hasDisk: false, slots: 1, goesOn: false, hasMemoryFile: false };
  const processorOf = (accelerator: "kvm" | "tcg"): readonly (string | undefined)[] => {
    const command = qemuCommand({ ...machine, accelerator });
    return ["-accel", "-cpu"].map((flag) => command[command.indexOf(flag) + 1]);
  };
  deepStrictEqual(processorOf("kvm"), ["kvm", "host"]);
  match(String(processorOf("tcg")), /^tcg,.*qemu64/u);
});

test("a jail of QEMU without large pages refuses to ask for them and nothing else of that call", () => {
  const advice = (hasLargePages: boolean): readonly unknown[] => machineProfile(false, hasLargePages).syscalls.filter(({ names }) => names.includes("madvise")).map(({ args }) => args);
  deepStrictEqual(advice(true), [undefined]);
  deepStrictEqual(advice(false), [[{ index: 2, value: 14, op: "SCMP_CMP_NE" }]]);
});

test("a guest meets its control port last: when it is there, all the others are", () => {
  const command = qemuCommand({ memoryBytes: 2 ** 27, cores: 1, tscKhz: 1, hasDisk: true, slots: 3, goesOn: false, hasMemoryFile: false, accelerator: "tcg" });
  const ports = command.filter((word) => word.startsWith("virtserialport,"));
  deepStrictEqual([ports.length, ports.findIndex((word) => word.includes("name=control,nr=1"))], [6, 5]);
  ok(AGENT_SCRIPT.indexOf("! -c /dev/vport0p1") < AGENT_SCRIPT.indexOf("3<>/dev/vport0p1"));
});

test("a driver tells why processors are emulated here", { skip }, async () => {
  const { notes } = await makeVmDriver({ runDir: "/nonexistent", guestDir, accelerator: { kind: "tcg", why: "KVM was tried: it did not answer" } }).capabilities();
  strictEqual(notes.filter((note) => note.includes("emulated (TCG)") && note.endsWith("KVM was tried: it did not answer")).length, 1);
});
