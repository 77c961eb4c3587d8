import { GUEST_ARGUMENTS } from "./guest-arguments.ts";

/** What runs a machine's processors: the host's own, by the device of this group, or QEMU, and why. */
export type Accelerator = { readonly kind: "kvm"; readonly gid: number } | { readonly kind: "tcg"; readonly why: string };

/** What a machine is started with; paths are as QEMU sees them in its jail. */
export type Machine = {
  readonly accelerator: Accelerator["kind"];
  readonly memoryBytes: number;
  readonly cores: number;
  /** Rate of the host's time stamp counter: a microvm has no clock to find it by. */
  readonly tscKhz: number;
  readonly hasDisk: boolean;
  /** Domains it has room for. */
  readonly slots: number;
  /** Whether it goes on from a kept state, that it waits to be handed; else it boots, and leaves its memory in the file. */
  readonly goesOn: boolean;
  /** Whether the guest's memory is a file, or QEMU's own: then it is part of the state. */
  readonly hasMemoryFile: boolean;
};

/** Where its jail shows QEMU; it finds its modules from there. */
export const QEMU_PROGRAM = "/usr/bin/qemu-system-x86_64";

/** Descriptors QEMU is started with; channels follow, one per slot. */
export const QEMU_FDS = { qmp: 3, control: 4, log: 5, birth: 6, firstChannel: 7 } as const;

/** Where QEMU sees the file that its guest's memory is in. */
export const MEMORY_FILE = "/guest/memory";

/** Where a guest hears its own secret, before everything else. */
export const BIRTH_PORT = 30;

/** Where QEMU sees the socket that takes the state of a machine to be kept. */
export const STATE_SOCKET = "/guest/state.sock";

/** Descriptor of a kept state: behind the channels. */
export const stateFdAfter = (slots: number): number => QEMU_FDS.firstChannel + slots;

/** Number of a slot's port in the guest. */
export const portOfSlot = (slot: number): number => FIRST_CHANNEL_PORT + slot;

/** Memory as QEMU takes it. */
export const mibOf = (memoryBytes: number): number => Math.ceil(memoryBytes / MIB_BYTES);

const FIRST_CHANNEL_PORT = 3;
const MIB_BYTES = 1024 * 1024;
/**
 * Translated code that an emulated processor keeps, per core: QEMU throws away all of it when the room is full. A booted guest takes 43 MB, the start of one Node 87 MB and that of
 * a domain 166 MB of it (`info jit` of QEMU 7.2); with less room domains that run beside one another translate the same code again and again.
 */
export const TRANSLATED_MIB_PER_CORE = 256;

// What Node 24 needs and nothing that makes an emulated processor slower: for models of that family after 4 Linux clears and copies memory by string instructions, of which
// QEMU does one step at a time (start-up to the first frame 4 % longer).
const TCG_CPU = "qemu64,model=4,+ssse3,+sse4.1,+sse4.2,+popcnt,+aes,+pclmulqdq,+rdrand";

const port = (number: number, chardev: string): readonly string[] => ["-device", `virtserialport,chardev=${chardev},name=${chardev},nr=${String(number)}`];

const drive = (id: string, file: string, isReadOnly: boolean): readonly string[] => [
  "-drive", `file=${file},if=none,id=${id},format=raw,read-only=${isReadOnly ? "on" : "off"},cache=writeback,file.drop-cache=off`, // else QEMU has the host forget what it has read of the file, also for others, when it takes a state
  "-device", `virtio-blk-device,drive=${id}`,
];

/** The command of a machine: a microvm with a kernel, two or three disks and a serial port per domain; no network, no display, no PCI bus. */
export const qemuCommand = (machine: Machine): readonly string[] => {
  const { accelerator, memoryBytes, cores, tscKhz, slots, goesOn, hasMemoryFile } = machine;
  const isTcg = accelerator === "tcg";
  const channels = Array.from({ length: slots }, (_, slot) => slot);
  return [
    QEMU_PROGRAM, "-L", "/firmware", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
    "-M", `microvm,acpi=on,rtc=on,pit=on,pic=on,x-option-roms=off,isa-serial=off${hasMemoryFile ? ",memory-backend=memory" : ""}`,
    ...(hasMemoryFile ? ["-object", `memory-backend-file,id=memory,mem-path=${MEMORY_FILE},size=${String(mibOf(memoryBytes))}M,share=${goesOn ? "off" : "on"}`] : []),
    "-bios", "/firmware/qboot.rom",
    "-accel", isTcg ? `tcg,tb-size=${String(TRANSLATED_MIB_PER_CORE * cores)}` : "kvm",
    "-cpu", isTcg ? TCG_CPU : "host",
    "-smp", String(cores), "-m", `${String(mibOf(memoryBytes))}M`,
    "-kernel", "/guest/vmlinux", "-initrd", "/guest/initrd",
    // A boot does not wait for a grace period of each mount, or look for a keyboard.
    // `tsc=reliable`: else Linux may compare the clock with its count of ticks, of which a busy machine misses some, and go by that count from then on: its time would lag.
    "-append", `quiet tsc_early_khz=${String(tscKhz)} tsc=reliable rcupdate.rcu_expedited=1 no_timer_check i8042.noaux i8042.nopnp ${GUEST_ARGUMENTS}${isTcg ? " mitigations=off" : ""}`,
    "-chardev", `socket,id=qmp,fd=${String(QEMU_FDS.qmp)}`, "-mon", "chardev=qmp,mode=control",
    "-chardev", `socket,id=control,fd=${String(QEMU_FDS.control)}`,
    "-chardev", `socket,id=log,fd=${String(QEMU_FDS.log)}`,
    "-chardev", `socket,id=birth,fd=${String(QEMU_FDS.birth)}`,
    ...channels.flatMap((slot) => ["-chardev", `socket,id=channel${String(slot)},fd=${String(QEMU_FDS.firstChannel + slot)},server=on,wait=off`]),
    "-device", "virtio-serial-device,max_ports=31",
    ...port(2, "log"), ...port(BIRTH_PORT, "birth"),
    ...channels.flatMap((slot) => port(portOfSlot(slot), `channel${String(slot)}`)),
    ...port(1, "control"), // the guest meets its ports one after the other, and waits for this one
    ...drive("root", "/guest/root.sqfs", true),
    ...drive("image", "/guest/image.sqfs", true),
    ...(machine.hasDisk ? drive("volumes", "/guest/volumes.img", false) : []),
    "-device", "virtio-balloon-device,id=balloon",
    ...(goesOn ? ["-incoming", "defer"] : []),
    "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
  ];
};
