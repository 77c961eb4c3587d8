import { deepStrictEqual, match, ok, rejects, strictEqual, throws } from "node:assert";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { hasHardwareVirtualization } from "../src/adapters/xen/xen-capabilities.ts";
import { makeXenDriver } from "../src/index.ts";
import { DOMU_AGENT_SCRIPT, DOMU_INIT_SCRIPT, DOMU_MODULES } from "../src/machine/init-script.ts";
import { domuConfig, domuName, isDomuOf } from "../src/xen/domu-config.ts";
import { deniesDomuToDomu, parseXlInfo, parseXlList } from "../src/xen/parse-xl.ts";

const MIB_BYTES = 1024 * 1024;

const DOMU = {
  name: domuName("world-gateway-a", "relay"), type: "pvh", kernel: "/g/vmlinux", initrd: "/g/initrd", memoryBytes: 256 * MIB_BYTES + 1, cores: 1, cpuQuotaPercent: 40,
  disks: [{ file: "/g/root.sqfs", device: "xvda", isReadOnly: true }, { file: "/v/disk.img", device: "xvdc", isReadOnly: false }],
} as const;

// As Xen 4.17 of Debian 12 says it.
const INFO = [
  "host                   : (none)", "virt_caps              : pv hvm hap shadow", "xen_major              : 4", "xen_minor              : 17", "xen_extra              : .7",
  "xen_version            : 4.17.7", "xen_scheduler          : credit2", "xen_commandline        : placeholder com1=115200,8n1 dom0_mem=384M", "",
].join("\n");

const LIST = [
  "Name                                        ID   Mem VCPUs\tState\tTime(s)",
  "Domain-0                                     0   384     1     r-----      17.3",
  "cg.world-gateway-a.relay                     3   256     1     --p---       4.0",
  "",
].join("\n");

test("a DomU's configuration has its disks, memory and cap, and no network, display or device model", () => {
  const text = domuConfig(DOMU);
  ok(text.includes('name = "cg.world-gateway-a.relay"') && text.includes('type = "pvh"') && text.includes("vif = [ ]"), text);
  ok(text.includes("memory = 257\n") && text.includes("maxmem = 257\n") && text.includes("cap = 40\n"), text);
  match(text, /vdev=xvda,access=ro,backendtype=phy,target=\/g\/root\.sqfs".*vdev=xvdc,access=rw/u);
  for (const absent of ["vfb", "device_model", "pci", "usb", "channel", "vnc"]) ok(!text.includes(absent), absent);
  ok(!domuConfig({ ...DOMU, cpuQuotaPercent: null }).includes("cap"));
});

test("a text that would end a field of a DomU's configuration is refused", () => {
  for (const file of ['/g/a"b', "/g/a,format=raw", "/g/a\nb", "/g/a b", "/g/a=b"]) {
    throws(() => domuConfig({ ...DOMU, disks: [{ file, device: "xvda", isReadOnly: true }] }), RangeError, file);
  }
  throws(() => domuConfig({ ...DOMU, name: 'x"' }), RangeError);
});

test("a DomU is PVH where the processor virtualizes its memory as well, else PV", () => {
  strictEqual(hasHardwareVirtualization({ virtualization: ["pv", "hvm", "hap"] }), true);
  strictEqual(hasHardwareVirtualization({ virtualization: ["pv", "hvm", "shadow"] }), true);
  // As Debian's Xen says it on a processor without nested paging: xl then refuses PVH.
  strictEqual(hasHardwareVirtualization({ virtualization: ["pv", "hvm"] }), false);
  strictEqual(hasHardwareVirtualization({ virtualization: ["pv"] }), false);
});

test("DomUs of one instance are told from those of another", () => {
  strictEqual(isDomuOf("a", domuName("a", "b")), true);
  strictEqual(isDomuOf("a", domuName("ab", "b")), false);
  strictEqual(isDomuOf("a", "Domain-0"), false);
});

test("what xl says is read, and what it does not say is not made up", () => {
  const info = parseXlInfo(INFO);
  deepStrictEqual([info?.version, info?.release, info?.scheduler, info?.virtualization], ["4.17.7", "4.17", "credit2", ["pv", "hvm", "hap", "shadow"]]);
  strictEqual(parseXlInfo("xc: error: Could not obtain handle"), null);
  deepStrictEqual(parseXlList(LIST), [
    { name: "Domain-0", id: 0, memoryMib: 384, isPaused: false, cpuMs: 17_300n },
    { name: "cg.world-gateway-a.relay", id: 3, memoryMib: 256, isPaused: true, cpuMs: 4_000n },
  ]);
  deepStrictEqual(parseXlList("no such command"), []);
});

test("DomU-DomU counts as denied only where SILO is built in and was chosen", () => {
  const chosen = { commandLine: "placeholder dom0_mem=1G xsm=silo" };
  strictEqual(deniesDomuToDomu(chosen, "CONFIG_XSM=y\nCONFIG_XSM_SILO=y\n"), true);
  strictEqual(deniesDomuToDomu(chosen, "# CONFIG_XSM is not set\n"), false, "an option a Xen does not know is ignored by it");
  strictEqual(deniesDomuToDomu(chosen, null), false);
  strictEqual(deniesDomuToDomu({ commandLine: "xsm=silo xsm=dummy" }, "CONFIG_XSM_SILO=y\n"), false, "the last word counts");
  strictEqual(deniesDomuToDomu({ commandLine: "" }, "CONFIG_XSM_SILO=y\n"), false);
  strictEqual(deniesDomuToDomu({ commandLine: "" }, "CONFIG_XSM_SILO=y\nCONFIG_XSM_SILO_DEFAULT=y\n"), true);
});

test("a DomU's guest has the devices of its channels and offers them below its own folder of xenstore", () => {
  for (const name of ["xen-blkfront", "xen-evtchn", "xen-gntalloc"]) ok(DOMU_MODULES.some((each) => each === name) && DOMU_INIT_SCRIPT.includes(name), name);
  ok(DOMU_AGENT_SCRIPT.includes("vchan-socket-proxy -m server 0 data/vchan/control -"));
});

test("on a machine that is not Dom0 the driver refuses and names what is missing with what brings it", async () => {
  const driver = makeXenDriver({ runDir: tmpdir(), guestDir: "/nonexistent" });
  const { usable, missing } = await driver.capabilities();
  strictEqual(usable, false);
  ok(missing.some(({ part, remedy }) => part === "Dom0 of a Xen hypervisor" && remedy.includes("xen-system-amd64")), JSON.stringify(missing));
  ok(missing.some(({ part, remedy }) => part.includes("vmlinux") && remedy.includes("make images ARGS=xen")), JSON.stringify(missing));
  const limits = { memoryBytes: 128 * MIB_BYTES, cpuQuotaPercent: null, pids: 32, tmpfsBytes: MIB_BYTES, tmpfsInodes: 64 };
  const spec = {
    name: "p", instance: "p", image: import.meta.dirname, nodePath: process.execPath, entry: "x.ts", argv: [], env: {}, volume: null, keySlot: null, limits, network: "none", uidBase: 0x10000000,
  } as const;
  await rejects(driver.prepare(spec), /isolation\.host\.unsupported/u);
});
