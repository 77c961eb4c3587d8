#!/usr/bin/env bash
# Removes what tools/setup.sh added, and nothing else.
set -euo pipefail
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
state=$root/.crossguardian
say() { printf 'crossguardian uninstall: %s\n' "$*" >&2; }

if grep -qF " $state/" /proc/mounts; then
  say "something is still mounted below $state: stop it first (./crossguardian down), then run make uninstall again."
  exit 1
fi
if [[ -f $state/apt-before ]]; then
  say "a set-up was interrupted while installing Debian packages; run it once more (tools/setup.sh), then uninstall."
  exit 1
fi
if [[ -s $state/apt-added ]]; then
  mapfile -t added <"$state/apt-added"
  if [[ $(id -u) != 0 ]]; then
    say "not root: these Debian packages were added by the set-up and stay: ${added[*]}"
  else
    mapfile -t added < <(dpkg-query -W -f '${db:Status-Abbrev} ${binary:Package}\n' "${added[@]}" 2>/dev/null | sed -n 's/^ii *//p')
    others=$(apt-get -s purge "${added[@]}" | sed -n 's/^Purg \([^ ]*\).*/\1/p' | grep -vxF -f <(printf '%s\n' "${added[@]%%:*}" "${added[@]}") || true)
    if [[ -n $others ]]; then
      say "these packages now need what the set-up added, so all of it stays: ${others//$'\n'/ }"
    elif ((${#added[@]} > 0)); then
      say "removing the Debian packages that the set-up added: ${added[*]}"
      DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 purge "${added[@]}" >"$state/apt.log" 2>&1 ||
        { tail -n 15 "$state/apt.log" >&2; say "apt-get could not remove them (its output is above)."; exit 1; }
    fi
  fi
fi
rm -rf --one-file-system -- "$root/tools/node/node_modules" "$root/node_modules" "$state"
find "$root" -path "$root/.git" -prune -o -type d -name node_modules -prune -exec rm -rf --one-file-system -- {} +
say "done"
