import assert from "node:assert/strict";

import { type Dom0 } from "./boot-dom0.ts";

/** A try of a hostile DomU and how it ended. */
export type Attempt = { readonly kind: string; readonly what: string; readonly verdict: string; readonly why: string };
/** What a hostile DomU tried, how many of its tries xenstored has on record as denied, and everything that was printed. */
export type Attack = { readonly lines: readonly Attempt[]; readonly record: number; readonly output: string };

/** Starts a hostile DomU that is told the grants and event channels of a victim and tries them, its xenstore and a network. */
export const attackIn = async (dom0: Dom0, victim: string, withinMs: number): Promise<Attack> => {
  const { output } = await dom0.run(`victim=${victim}\n${ATTACK}`, withinMs);
  const lines = [...output.matchAll(/ATTACK (\w+) (\S+) (denied|DONE) (.*)$/gmu)].map(([, kind = "", what = "", verdict = "", why = ""]) => ({ kind, what, verdict, why }));
  return { lines, record: Number(/^RECORD (\d+)$/mu.exec(output)?.[1] ?? 0), output };
};

/** Each way works on the attacker's own, so that the tries were real, and none on another DomU; xenstore's are on record. */
export const assertHarmless = ({ lines, record, output }: Attack): void => {
  const of = (kind: string): readonly Attempt[] => lines.filter((each) => each.kind === kind);
  assert.deepEqual(of("control").map(({ what, verdict }) => `${what} ${verdict}`), ["own-xenstore DONE", "own-grant DONE", "own-event DONE"], output);
  for (const [kind, least] of [["xenstore", 10], ["grant", 2], ["event", 2], ["network", 3]] as const) {
    assert.ok(of(kind).length >= least, output);
    assert.deepEqual(of(kind).filter(({ verdict }) => verdict !== "denied"), [], output);
  }
  assert.ok(record >= 5, output);
};

const ATTACK = `
V=$(xl domid $victim) || exit 1
numbers() { for c in $(xenstore-list /local/domain/$V/data/vchan); do xenstore-read /local/domain/$V/data/vchan/$c/$1; done | sort -u | tr '\\n' ',' | sed 's/,$//'; }
cat > /tmp/attack.cfg <<END
name = "attack"
type = "pv"
kernel = "/cg/.crossguardian/domu/vmlinux"
ramdisk = "/attack/initrd"
extra = "quiet console=hvc0 random.trust_cpu=on panic=-1 rdinit=/init victim=$V grants=$(numbers ring-ref) events=$(numbers event-channel)"
memory = 128
vcpus = 1
on_poweroff = "destroy"
on_crash = "destroy"
END
grep extra /tmp/attack.cfg
xl create -q /tmp/attack.cfg
log=/var/log/xen/console/guest-attack.log
n=0; while ! grep -q "ATTACK end" $log 2>/dev/null && [ $n -lt 800 ]; do n=$((n + 1)); sleep 1; done
xl destroy attack 2>/dev/null
tr -d '\\r' < $log
echo "RECORD $(grep -c EACCES /var/log/xen/xenstored.trace)"
grep EACCES /var/log/xen/xenstored.trace | head -3
`;
