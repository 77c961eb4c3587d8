/** Modules of Debian's cloud kernel that a guest needs, in the order they are loaded. */
export const GUEST_MODULES = ["virtio_ring", "virtio", "virtio_mmio", "virtio_blk", "virtio_console", "virtio_balloon", "squashfs"] as const;

/**
 * The first program of a guest. It mounts the root image and the domains' image, then does what the control port says: each order is
 * a line `run NAME BYTES` and so many bytes of a script, which is run beside the others. What is said on descriptor 3 goes to the driver.
 */
export const INIT_SCRIPT = `#!/bin/busybox sh
B=/bin/busybox
export PATH=/bin
$B mount -t devtmpfs dev /dev
$B mount -t proc proc /proc
for m in ${GUEST_MODULES.join(" ")}; do $B insmod /modules/$m.ko || echo "no module $m"; done
$B mount -t squashfs -o ro /dev/vda /root
$B mount -t squashfs -o ro,nosuid,nodev /dev/vdb /root/image
[ ! -b /dev/vdc ] || $B mount -t ext4 -o nosuid,nodev,noexec /dev/vdc /root/volumes || echo "no volumes"
$B mount --move /dev /root/dev
$B mount --move /proc /root/proc
cd /root
exec $B switch_root /root /bin/busybox sh /agent
`;

/** Goes on inside the root image. */
export const AGENT_SCRIPT = `export PATH=/bin:/usr/bin
mount -t sysfs sys /sys
mount -t cgroup2 cgroup /sys/fs/cgroup
echo "+memory +cpu +pids" > /sys/fs/cgroup/cgroup.subtree_control
mount -t tmpfs -o mode=0755,size=64m run /run
exec 3<>/dev/vport0p1 4>/dev/vport0p2
echo up >&3
while read -r word name bytes <&3; do
  if [ "$word" = run ]; then
    dd bs="$bytes" count=1 iflag=fullblock of="/run/$name" <&3 2>/dev/null
    sh "/run/$name" </dev/null 2>&4 &
  fi
done
echo "the control port is closed" >&4
poweroff -f
`;
