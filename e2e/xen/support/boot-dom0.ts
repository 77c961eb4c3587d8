import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** What an order said at its end. */
export type Answer = { readonly code: number; readonly output: string };

/** A booted Xen with Dom0, inside QEMU. */
export type Dom0 = {
  /** Has Dom0's root run a script of bash, one after another. @throws when it takes longer, or the machine ended */
  readonly run: (script: string, withinMs: number) => Promise<Answer>;
  /** Lets the ports of {@link forwardedAddress}, in their order, lead to these ports of this machine's loopback. */
  readonly forward: (ports: readonly number[]) => void;
  /** What hypervisor and Dom0 said on the serial line. */
  readonly serial: () => string;
  readonly stop: () => Promise<void>;
};

const XEN_DIR = join(import.meta.dirname, "../../../.crossguardian/xen");
/** Logs of the last run, by test. */
const LOGS_DIR = join(import.meta.dirname, "../../../.crossguardian/xen-logs");
const FORWARDED_HOST = "10.0.2.100";
const FIRST_FORWARDED_PORT = 4_000;

/** Host and port by which Dom0 reaches a forwarded port. @param at its place among those forwarded */
export const forwardedAddress = (at: number): { readonly host: string; readonly port: number } => ({ host: FORWARDED_HOST, port: FIRST_FORWARDED_PORT + at });

// Xen 4.17 on QEMU's emulated processor: no SMAP, no XSAVE, no RDTSCP. Without SVM, whose nested paging QEMU emulates slowly, DomUs are PV.
// Without SSSE3 and AES-NI OpenSSL hashes with plain instructions, which QEMU translates; vector ones it calls.
const CPU = "qemu64,+popcnt,+rdrand,-svm";
// A thread each: DomUs run beside Dom0.
const PROCESSORS = 2;
const MEMORY_MIB = 4_096;
const DOM0_MIB = 1_536;
const END_DEADLINE_MS = 10_000;
const LAST_CHARS = 4_000;

const xenArguments = `com1=115200,8n1 console=com1 dom0_mem=${String(DOM0_MIB)}M,max:${String(DOM0_MIB)}M dom0_max_vcpus=1 noreboot bootscrub=no spec-ctrl=no xpti=no`;

// Which port it is, is known only when the chains run, and they start while Xen boots.
const FORWARD_SCRIPT = `exec socat - "TCP4:127.0.0.1:$(cat "$0.$1")"\n`;

const qemuArguments = (folder: string, forwards: number): readonly string[] => {
  // Nothing of this machine is reached but what is forwarded: restrict=on cuts off the rest.
  const forwarded = Array.from({ length: forwards }, (_, at) => {
    const { host, port } = forwardedAddress(at);
    return `,guestfwd=tcp:${host}:${String(port)}-cmd:sh ${join(folder, "forward")} ${String(at)}`;
  });
  return [
    "-M", "q35", "-accel", "tcg,thread=multi,tb-size=1024", "-smp", String(PROCESSORS), "-cpu", CPU, "-m", String(MEMORY_MIB),
    "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", `file:${join(folder, "serial.log")}`,
    "-kernel", join(XEN_DIR, "xen"), "-append", xenArguments,
    "-initrd", `${join(XEN_DIR, "dom0-vmlinuz")} console=hvc0 quiet mitigations=off init_on_alloc=0 cgroup_no_v1=all rdinit=/init,${join(XEN_DIR, "dom0-initrd")}`,
    "-drive", `file=${join(XEN_DIR, "dom0.img")},if=none,id=root,format=raw,snapshot=on`, "-device", "virtio-blk-pci,drive=root",
    "-chardev", `socket,id=orders,path=${join(folder, "orders.sock")}`, "-device", "virtio-serial-pci", "-device", "virtserialport,chardev=orders",
    "-netdev", `user,id=net,restrict=on${forwarded.join("")}`, "-device", "virtio-net-pci,netdev=net",
  ];
};

const NEEDED = [["qemu-system-x86_64", "qemu-system-x86"], ["mksquashfs", "squashfs-tools"], ["busybox", "busybox-static"], ["socat", "socat"], ["crun", "crun"]] as const;
const FOLDERS = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"];

/** The parts `make test-xen` lacks here, or false. */
export const missingXen = (): string | false => {
  if (process.arch !== "x64") return "an x86_64 machine";
  const absent = NEEDED.filter(([name]) => !FOLDERS.some((folder) => existsSync(join(folder, name))));
  return absent.length === 0 ? false : `Debian packages ${absent.map(([, debian]) => debian).join(" ")}`;
};

/** Makes Xen, Dom0 and DomUs of the present code; the first time it downloads their packages. */
export const makeXen = (): void => {
  execFileSync(process.execPath, [join(import.meta.dirname, "../../../tools/make-xen.ts")], { stdio: "inherit" });
};

// What Xen, Dom0's services, DomUs and the house in Dom0 wrote.
const DOM0_LOGS = "/var/log/xen/*.log /var/log/xen/console/* /data/house/*.log /run/house/*/events.jsonl* /data/house/*/output/* /data/house/*/logs/* /run/driver.log /run/steps*";
const MAX_LOG_BYTES = 2 * 1024 * 1024;
const LOGS_MS = 60_000;

/** Boots Xen and waits until Dom0 answers. What all said is in `.crossguardian/xen-logs` afterwards. @param forwards how many ports of this machine's loopback Dom0 may reach @param name of the folder of logs */
export const bootDom0 = async (name: string, forwards: number, withinMs: number): Promise<Dom0> => {
  const logs = join(LOGS_DIR, name);
  rmSync(logs, { recursive: true, force: true });
  mkdirSync(logs, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), "cg-dom0-"));
  writeFileSync(join(folder, "forward"), FORWARD_SCRIPT);
  const forward: Dom0["forward"] = (ports) => {
    for (const [at, port] of ports.entries()) writeFileSync(join(folder, `forward.${String(at)}`), String(port));
  };
  const serial = (): string => (existsSync(join(folder, "serial.log")) ? readFileSync(join(folder, "serial.log"), "latin1") : "");
  const server = createServer();
  server.listen(join(folder, "orders.sock"));
  await once(server, "listening");
  const connected = once(server, "connection") as Promise<[Socket]>;
  const log = openSync(join(folder, "qemu.log"), "a");
  const qemu: ChildProcess = spawn("setpriv", ["--pdeathsig", "KILL", "--", "qemu-system-x86_64", ...qemuArguments(folder, forwards)], { stdio: ["ignore", log, log] });
  closeSync(log);
  const exited = new Promise<void>((resolve) => {
    qemu.once("exit", () => resolve());
    qemu.once("error", () => resolve());
  });
  let hasEnded = false;
  void exited.then(() => {
    hasEnded = true;
  });
  const end = async (): Promise<void> => {
    qemu.kill("SIGTERM");
    const late = setTimeout(() => qemu.kill("SIGKILL"), END_DEADLINE_MS);
    if (!hasEnded) await exited;
    clearTimeout(late);
    server.close();
    for (const each of ["serial.log", "qemu.log"]) if (existsSync(join(folder, each))) copyFileSync(join(folder, each), join(logs, each));
    rmSync(folder, { recursive: true, force: true });
  };
  const lastWords = (): string => `${readFileSync(join(folder, "qemu.log"), "utf8").slice(-LAST_CHARS)}${serial().slice(-LAST_CHARS)}`;
  try {
    const socket = await Promise.race([connected.then(([each]) => each), exited.then(() => Promise.reject(new Error(`QEMU ended: ${lastWords()}`)))]);
    socket.on("error", () => undefined);
    const waiting = new Map<string, (answer: Answer) => void>();
    createInterface({ input: socket }).on("error", () => undefined).on("line", (line) => {
      const [id = "", code = "", text = ""] = line.split(" ");
      waiting.get(id)?.({ code: Number(code), output: Buffer.from(text, "base64").toString("utf8") });
      waiting.delete(id);
    });
    let orders = 0;
    const run: Dom0["run"] = async (script, deadlineMs) => {
      orders += 1;
      const id = `o${String(orders)}`;
      const answered = new Promise<Answer>((resolve) => waiting.set(id, resolve));
      socket.write(`run ${id} ${String(Buffer.byteLength(script))}\n${script}`);
      let late: NodeJS.Timeout | undefined;
      const missed = new Promise<never>((_, reject) => {
        late = setTimeout(() => reject(new Error(`Dom0 did not answer within ${String(deadlineMs)} ms: ${script.slice(0, 200)}\n${lastWords()}`)), deadlineMs);
      });
      return Promise.race([answered, missed, exited.then(() => Promise.reject(new Error(`QEMU ended: ${lastWords()}`)))]).finally(() => clearTimeout(late));
    };
    await run("xl list", withinMs);
    const stop = async (): Promise<void> => {
      const told = await run(`for each in ${DOM0_LOGS}; do [ ! -f "$each" ] || { echo "==> $each"; tail -c ${String(MAX_LOG_BYTES)} "$each"; }; done; xl list; cat /proc/meminfo`, LOGS_MS).catch(() => null);
      writeFileSync(join(logs, "dom0.txt"), told?.output ?? "Dom0 does not answer");
      await end();
    };
    return { run, forward, serial, stop };
  } catch (error) {
    await end();
    throw error;
  }
};
