/** Modules Dom0 needs, in the order they are loaded. */
export const DOM0_MODULES = [
  "virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "virtio_blk", "virtio_console", "failover", "net_failover", "virtio_net",
  "crc32c_generic", "libcrc32c", "crc16", "mbcache", "jbd2", "ext4", "loop", "xen-privcmd", "xenfs", "xen-evtchn", "xen-gntdev", "xen-gntalloc", "xen-blkback",
] as const;

/** Modules a kernel may have built in. */
export const OPTIONAL_MODULES: ReadonlySet<string> = new Set(["libcrc32c", "crc32c_generic"]);

/** The first program of Dom0: modules and the disk. */
export const DOM0_INIT = `#!/bin/busybox sh
B=/bin/busybox
$B mount -t devtmpfs dev /dev
$B mount -t proc proc /proc
for m in ${DOM0_MODULES.join(" ")}; do [ ! -f /modules/$m.ko ] || $B insmod /modules/$m.ko || echo "no module $m"; done
n=0; while [ ! -b /dev/vda ] && [ $n -lt 500 ]; do n=$((n + 1)); $B usleep 20000; done
$B mount -t ext4 /dev/vda /root || echo "no disk"
$B mount --move /dev /root/dev
$B mount --move /proc /root/proc
exec $B switch_root /root /sbin/dom0
`;

/** Its own address in QEMU's network. */
const DOM0_ADDRESS = "10.0.2.15/24";

/**
 * Goes on with Dom0's root: what Debian's services of Xen do, then orders of the serial port. An order is a line `run ID BYTES` and so many bytes
 * of a script; the answer is a line `ID CODE` with its output in base64.
 */
export const DOM0_START = `#!/bin/bash
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C
mount -t sysfs sys /sys
mount -t tmpfs -o mode=0755,size=256m run /run
mount -t tmpfs -o mode=1777,size=64m tmp /tmp
mkdir -p /dev/pts /dev/shm
mount -t devpts pts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t cgroup2 cgroup /sys/fs/cgroup
echo "+memory +cpu +pids +cpuset +io" > /sys/fs/cgroup/cgroup.subtree_control || echo "+memory +cpu +pids" > /sys/fs/cgroup/cgroup.subtree_control
mount -t xenfs xenfs /proc/xen
mkdir -p /run/xen /run/lock /var/lib/xen /var/log/xen/console
X=/usr/lib/xen-4.17/bin
$X/xenstored --pid-file /run/xen/xenstored.pid --trace-file /var/log/xen/xenstored.trace
$X/xen-init-dom0
$X/xenconsoled --pid-file /run/xen/xenconsoled.pid --log=all
ip link set lo up
ip addr add ${DOM0_ADDRESS} dev eth0
ip link set eth0 up
n=0; while ! P=$(ls /dev/vport*p1 2>/dev/null) && [ $n -lt 500 ]; do n=$((n + 1)); usleep 20000; done
exec 3<>"$P"
echo "dom0 up" > /dev/hvc0
while [ -z "$word" ]; do read -r word id bytes <&3 || { word=; usleep 50000; }; done
while :; do
  if [ "$word" = run ]; then
    dd bs="$bytes" count=1 iflag=fullblock of=/run/order <&3 2>/dev/null
    bash /run/order </dev/null >/run/answer 2>&1
    code=$?
    echo "$id $code $(base64 -w0 /run/answer)" >&3
  fi
  word=; read -r word id bytes <&3 || usleep 50000
done
`;

/** Attaches and detaches the files behind a DomU's disks: the part of Debian's script of this name that is needed, for Dom0's small userland. */
export const BLOCK_SCRIPT = `#!/bin/busybox sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
at="$XENBUS_PATH"
case "$1" in
  add)
    file=$(xenstore-read "$at/params"); mode=$(xenstore-read "$at/mode")
    for try in 1 2 3 4 5 6 7 8; do
      loop=$(busybox losetup -f) || break
      if [ "$mode" = r ]; then losetup_mode=-r; else losetup_mode=; fi
      busybox losetup $losetup_mode "$loop" "$file" && break
      loop=
    done
    if [ -z "$loop" ]; then xenstore-write "$at/hotplug-error" "no loop device" "$at/hotplug-status" error; exit 1; fi
    xenstore-write "$at/node" "$loop" "$at/physical-device-path" "$loop" "$at/physical-device" "$(stat -L -c %t:%T "$loop")" "$at/hotplug-status" connected ;;
  remove)
    loop=$(xenstore-read "$at/node") && busybox losetup -d "$loop" ;;
esac
exit 0
`;
