import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";

import { type CpioEntry, encodeCpio } from "@crossguardian/isolation";

// A DomU whose root is hostile: it has the grant and event devices, xenstore and a language that makes system calls, and is told its victim's numbers.

const MODULES = ["xen-evtchn", "xen-gntdev", "xen-gntalloc"];

const INIT = `#!/bin/busybox sh
B=/bin/busybox
for d in proc sys dev; do $B mkdir -p /$d; done
$B mount -t devtmpfs dev /dev
$B mount -t proc proc /proc
for m in ${MODULES.join(" ")}; do $B insmod /modules/$m.ko; done
/usr/bin/perl /attack.pl
echo "ATTACK end"
$B poweroff -f
`;

// ioctl numbers and structures: Linux include/uapi/xen/gntdev.h, gntalloc.h, evtchn.h; messages of xenstore: Xen public/io/xs_wire.h.
const ATTACK = String.raw`
$| = 1;
open(C, "<", "/proc/cmdline"); %a = map { split /=/, $_, 2 } grep { /=/ } split /\s+/, <C>;
($victim, $me) = ($a{victim}, 0);
sub told { my ($kind, $what, $denied, $why) = @_; print "ATTACK $kind $what ", ($denied ? "denied" : "DONE"), " $why\n" }
sysopen(X, "/dev/xen/xenbus", 2) or die "xenbus $!";
sub store { my ($type, $text) = @_;
  syswrite(X, pack("LLLL", $type, 1, 0, length $text) . $text);
  sysread(X, my $head, 16); my ($answer, $r, $t, $n) = unpack("LLLL", $head);
  my $all = ""; while (length $all < $n) { sysread(X, my $part, $n - length $all) or last; $all .= $part }
  $all =~ s/\0/ /g; return ($answer == 16, $all) }
($bad, $me) = store(2, "domid\0"); $me += 0;
($bad, $said) = store(11, "data/probe\0mine"); told("control", "own-xenstore", $bad, $said);
for my $try (["read", 2, "/local/domain/$victim/data/vchan/control/ring-ref\0"], ["list", 1, "/local/domain/$victim/data\0"], ["write", 11, "/local/domain/$victim/data/vchan/control/ring-ref\0" . "9"],
    ["make", 12, "/local/domain/$victim/data/mine\0"], ["remove", 13, "/local/domain/$victim/data/vchan\0"], ["permit", 14, "/local/domain/$victim/data\0b$me\0"],
    ["introduce", 8, "$victim\0" . "1\0" . "1\0"], ["release", 9, "$victim\0"], ["target", 19, "$me\0$victim\0"], ["backend", 11, "/local/domain/0/backend/vbd/$victim/51712/params\0" . "/dev/vda"]) {
  ($bad, $said) = store($try->[1], $try->[2]); told("xenstore", $try->[0], $bad, $said) }
sysopen(G, "/dev/xen/gntdev", 2) or die "gntdev $!";
sub map_grant { my ($domain, $ref) = @_;
  my $order = pack("LLQLL", 1, 0, 0, $domain, $ref);
  defined ioctl(G, 0x184700, $order) or return "ioctl $!";
  my ($n, $p, $index) = unpack("LLQ", $order);
  my $at = syscall(9, 0, 4096, 3, 1, fileno(G), $index);
  my $why = "$!";
  if ($at != -1) { syscall(11, $at, 4096) }
  my $undo = pack("QLL", $index, 1, 0); ioctl(G, 0x104701, $undo);
  return $at == -1 ? "mmap $why" : "" }
sysopen(A, "/dev/xen/gntalloc", 2) or die "gntalloc $!";
my $own = pack("SSLQLL", $me, 1, 1, 0, 0, 0); defined ioctl(A, 0x184705, $own) or print "ATTACK note gntalloc $!\n";
my $why = map_grant($me, (unpack("SSLQL", $own))[4]); told("control", "own-grant", $why ne "", $why);
for my $ref (split /,/, $a{grants}) { $why = map_grant($victim, $ref); told("grant", $ref, $why ne "", $why) }
my $met = 0; for my $ref (1 .. 128) { $met++ if map_grant($victim, $ref) eq "" } told("grant", "any-of-128", $met == 0, $met);
sysopen(E, "/dev/xen/evtchn", 2) or die "evtchn $!";
sub bind_port { my ($domain, $port) = @_; my $order = pack("LL", $domain, $port); my $got = ioctl(E, 0x84501, $order); return defined $got ? "" : "$!" }
my $unbound = pack("L", $me); my $port = ioctl(E, 0x44502, $unbound);
$why = bind_port($me, $port + 0); told("control", "own-event", $why ne "", $why);
for my $each (split /,/, $a{events}) { $why = bind_port($victim, $each); told("event", $each, $why ne "", $why) }
$met = 0; for my $each (1 .. 128) { $met++ if bind_port($victim, $each) eq "" } told("event", "any-of-128", $met == 0, $met);
open(N, "<", "/proc/net/dev"); my @devices = grep { !/^lo$/ } map { /^\s*(\S+):/ ? $1 : () } <N>; told("network", "device", !@devices, "@devices");
socket(S, 2, 1, 6); my $address = pack("SnC4x8", 2, 22, 10, 0, 2, 15); told("network", "dom0", !connect(S, $address), "$!");
socket(S, 2, 1, 6); $address = pack("SnC4x8", 2, 80, 10, 0, 2, 100); told("network", "outside", !connect(S, $address), "$!");
`;

const PERL = "/usr/bin/perl";

/** The first file system of a hostile DomU. @param kernelTree unpacked package of the DomUs' kernel */
export const attackerInitrd = (kernelTree: string): Uint8Array => {
  const libraries = [...execFileSync("ldd", [PERL], { encoding: "utf8" }).matchAll(/(?:=> )?(\/\S+) \(0x/gu)].map((match) => match[1] ?? "");
  const modules = readdirSync(join(kernelTree, "lib", "modules"), { recursive: true, encoding: "utf8" });
  const files = new Map<string, Uint8Array>([PERL, ...libraries].map((path) => [path.slice(1), readFileSync(realpathSync(path))]));
  files.set("bin/busybox", readFileSync("/bin/busybox"));
  const folders = new Set<string>(["dev", "modules"]);
  for (const path of files.keys()) for (let at = dirname(path); at !== "."; at = dirname(at)) folders.add(at);
  const text = new TextEncoder();
  const entries: readonly CpioEntry[] = [
    ...[...folders].sort((left, right) => left.length - right.length).map((path) => ({ path, mode: 0o040755 })),
    ...[...files].map(([path, bytes]) => ({ path, mode: 0o100755, bytes })),
    { path: "init", mode: 0o100755, bytes: text.encode(INIT) },
    { path: "attack.pl", mode: 0o100644, bytes: text.encode(ATTACK) },
    ...MODULES.map((name) => ({ path: `modules/${name}.ko`, mode: 0o100644, bytes: readFileSync(join(kernelTree, "lib", "modules", modules.find((each) => each.endsWith(`/${name}.ko`)) ?? "absent")) })),
  ];
  return encodeCpio(entries);
};
