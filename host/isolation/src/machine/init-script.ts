/** Modules of Debian's cloud kernel that a guest of QEMU needs, in the order they are loaded. */
export const GUEST_MODULES = ["virtio_ring", "virtio", "virtio_mmio", "virtio_blk", "virtio_console", "virtio_balloon", "squashfs"] as const;

/** The same of a DomU: its disks are the split block driver's, its channels grants and event channels. */
export const DOMU_MODULES = ["xen-blkfront", "xen-evtchn", "xen-gntdev", "xen-gntalloc", "squashfs"] as const;

// Once /proc is there, the shell runs what busybox has without starting it anew, which costs an emulated processor 15 ms each.
const initScript = (modules: readonly string[], [root, image, volumes]: readonly [string, string, string]): string => `#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t proc proc /proc
for m in ${modules.join(" ")}; do insmod /modules/$m.ko || echo "no module $m"; done
n=0; while [ ! -b ${root} ] && [ $n -lt 500 ]; do n=$((n + 1)); usleep 20000; done
mount -t squashfs -o ro ${root} /root
mount -t squashfs -o ro,nosuid,nodev ${image} /root/image
[ ! -b ${volumes} ] || mount -t ext4 -o nosuid,nodev,noexec ${volumes} /root/volumes || echo "no volumes"
mount --move /dev /root/dev
mount --move /proc /root/proc
cd /root
exec /bin/busybox switch_root /root /bin/busybox sh /agent
`;

/**
 * The first program of a guest. It mounts the root image and the domains' image, then does what the control channel says: each order is
 * a line `run NAME BYTES` and so many bytes of a script, which is run beside the others. What is said on descriptor 3 goes to the driver.
 */
export const INIT_SCRIPT = initScript(GUEST_MODULES, ["/dev/vda", "/dev/vdb", "/dev/vdc"]);

/** The same of a DomU. */
export const DOMU_INIT_SCRIPT = initScript(DOMU_MODULES, ["/dev/xvda", "/dev/xvdb", "/dev/xvdc"]);

const PREPARE = `export PATH=/bin:/usr/bin
mount -t sysfs sys /sys
mount -t cgroup2 cgroup /sys/fs/cgroup
echo "+memory +cpu +pids" > /sys/fs/cgroup/cgroup.subtree_control
mount -t tmpfs -o mode=0755,size=64m run /run
`;

const OBEY = `echo up >&3
while read -r word name bytes <&3; do
  if [ "$word" = run ]; then
    dd bs="$bytes" count=1 iflag=fullblock of="/run/$name" <&3 2>/dev/null
    sh "/run/$name" </dev/null 2>&4 &
  fi
done
echo "the control channel is closed" >&4
poweroff -f
`;

/** Goes on inside the root image, when the control port is there, which is the last one: opening what is not there would make a file of its name. */
export const AGENT_SCRIPT = `${PREPARE}n=0; while [ ! -c /dev/vport0p1 ]; do n=$((n + 1)); [ $n -lt 2000 ] || poweroff -f; usleep 5000; done
exec 3<>/dev/vport0p1 4>/dev/vport0p2
${OBEY}`;

/** Where a DomU offers a channel to Dom0, below its own folder of xenstore: the only one its driver asks for. */
export const domuChannelPath = (channel: string): string => `data/vchan/${channel}`;

/** The end of a channel in a DomU, as an address of socat: it offers the ring, and Dom0 alone may map it. */
export const domuChannel = (channel: string): string => `EXEC:"vchan-socket-proxy -m server 0 ${domuChannelPath(channel)} -"`;

/** Goes on inside the root image of a DomU: control and output are channels as well. */
export const DOMU_AGENT_SCRIPT = `${PREPARE}mkfifo /run/output
cat > /run/obey <<'END'
exec 4<>/run/output
${OBEY}END
socat -u OPEN:/run/output,rdonly ${domuChannel("output")} &
socat -t 0.1 ${domuChannel("control")} EXEC:"sh /run/obey",fdin=3,fdout=3
poweroff -f
`;
