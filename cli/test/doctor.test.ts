import assert from "node:assert/strict";
import { test } from "node:test";

import { type ChainState, type DomainKeyAge } from "@crossguardian/world";
import fc from "fast-check";

import { decodeEntries, decodeOrderer, decodePulses, decodeValidator, decodeWatches } from "../src/doctor/decode-facts.ts";
import { examine } from "../src/doctor/examine.ts";
import { type EntryFacts, type Facts, type HouseFacts, type PulseFacts, type WatchFacts } from "../src/doctor/facts.ts";
import { drawFindings, span } from "../src/doctor/finding.ts";

const NOW = 1_800_000_000_000;
const ID = "1356:A:vault-1356:C:vault-7";
const ETHER = 10n ** 18n;

const pulse = (name: string, kind: string, more: Partial<PulseFacts> = {}): PulseFacts => ({
  name, kind, chain: "A", phase: "admitted", silentMs: 100, gauges: new Map([["up", 1], ["connected", 1]]), owes: [], isStalled: false, isGivenUp: false, stallRestarts: 0, ...more,
});
const domain = (name: string, kind: string, more: Partial<HouseFacts["domains"][number]> = {}): HouseFacts["domains"][number] => ({
  name, kind, pid: 1, driver: "oci", state: "running", restarts: 0, recentEnds: 0, startedAtMs: NOW - 60_000, startsAtMs: null, admitted: true, facts: null, ...more,
});
const DAY_MS = 86_400_000;
const keyAge = (more: Partial<DomainKeyAge>): DomainKeyAge => ({ house: "gateway-a", domain: "interaction", ageMs: 0, lifetimeDays: 30, isRotated: false, canRotate: true, isEnforced: false, ...more });
const watch = (more: Partial<WatchFacts> = {}): WatchFacts => ({
  chain: "A", cursor: 100, quorumHeight: 99, frozen: "", witnesses: new Map([["witness-a-1", 99], ["witness-a-2", 99], ["witness-a-3", 99]]),
  quorumStillMs: 500, cursorStillMs: 500, isHeldBack: false, queued: 0, submitted: 0, shares: [], ...more,
});
const PULSES = [pulse("plugin-a", "plugin"), ...[1, 2, 3].map((at) => pulse(`witness-a-${at}`, "witness")), pulse("interaction", "interaction"), pulse("relay", "relay")];
const house = (more: Partial<HouseFacts> = {}): HouseFacts => ({
  house: "gateway-a", isRunning: true, pulses: PULSES, domains: PULSES.map(({ name, kind }) => domain(name, kind)), watches: [watch()], entries: [], ...more,
});
const chain = (name: string, more: Partial<ChainState> = {}): ChainState => ({
  name, gateway: "gateway-a", depth: 1, tip: 100n, tipAtMs: NOW, blockTimeMs: 200, frozenPairs: [],
  account: { address: "0x00", balanceWei: 100n * ETHER, gasPriceWei: 1_000_000_000n, maxGas: 15_000_000n }, ...more,
});
const relay: HouseFacts = { house: "relay", isRunning: true, domains: [], pulses: [], watches: null, entries: [] };
const facts = (more: Partial<Facts> = {}): Facts => ({
  nowMs: NOW, instance: "i", houses: [house(), relay],
  orderer: { height: 9, tickMs: NOW - 5_000, threshold: 3, pendingBatches: 0, pendingBytes: 0, oldestBatchMs: 0, isUndecided: false, live: ["v1", "v2", "v3", "v4"] },
  validators: ["v1", "v2", "v3", "v4"].map((name) => ({ name, said: { height: 9, frozen: [] } })),
  chains: { chains: [chain("A"), chain("C")], silent: [], undecided: [], more: 0 },
  keys: [], disk: { path: "/d", freeBytes: 5e11, totalBytes: 1e12 }, ...more,
});
const found = (more: Partial<Facts>): readonly string[] => examine(facts(more)).map(({ severity, code, subject }) => `${severity} ${code} ${subject}`);
const withPulse = (name: string, more: Partial<PulseFacts>): Partial<Facts> => ({ houses: [house({ pulses: PULSES.map((each) => (each.name === name ? { ...each, ...more } : each)) }), relay] });

test("a healthy instance has no findings and says so", () => {
  assert.deepEqual(examine(facts()), []);
  assert.equal(drawFindings([], "i"), "i is healthy: nothing is stuck");
});

const CASES: readonly (readonly [what: string, facts: Partial<Facts>, finding: string])[] = [
  ["a house whose launcher is gone", { houses: [house({ isRunning: false, domains: [], pulses: null, watches: null }), relay] }, "stuck doctor.house.down gateway-a"],
  ["a management domain that hangs", { houses: [house({ pulses: null }), relay] }, "stuck doctor.management.silent gateway-a/management"],
  ["a domain that waits for its next start", { houses: [house({ domains: [domain("interaction", "interaction", { state: "waiting", startsAtMs: NOW + 3_000 })] }), relay] }, "stuck doctor.domain.down gateway-a/interaction"],
  ["a domain that ends again and again", { houses: [house({ domains: [domain("relay", "relay", { recentEnds: 7 })] }), relay] }, "stuck doctor.domain.restarting gateway-a/relay"],
  ["a domain that is not admitted", { houses: [house({ domains: [domain("plugin-a", "plugin", { admitted: false })] }), relay] }, "stuck doctor.domain.unadmitted gateway-a/plugin-a"],
  ["a domain whose jail is wrong", withPulse("plugin-a", { phase: "refused", silentMs: null }), "stuck doctor.domain.refused gateway-a/plugin-a"],
  ["a silent domain", withPulse("interaction", { silentMs: 4_000 }), "stuck doctor.domain.silent gateway-a/interaction"],
  ["a domain that lives and does not work", withPulse("plugin-a", { owes: [{ duty: "scan", by: "interaction", owedMs: 9_000, excused: false }] }), "warning doctor.domain.stalled gateway-a/plugin-a"],
  ["a domain that restarts do not cure", withPulse("plugin-a", { isStalled: true, isGivenUp: true, stallRestarts: 3, owes: [{ duty: "scan", by: "interaction", owedMs: 99_000, excused: false }] }), "stuck doctor.domain.givenUp gateway-a/plugin-a"],
  ["a domain that waits for the outside", withPulse("relay", { owes: [{ duty: "publish", by: "interaction", owedMs: 60_000, excused: true }] }), "note doctor.domain.waits gateway-a/relay"],
  ["a plugin without its node", withPulse("plugin-a", { gauges: new Map([["up", 0]]) }), "stuck doctor.node.silent gateway-a/plugin-a"],
  ["a relay domain without its orderer", withPulse("relay", { gauges: new Map([["connected", 0]]) }), "stuck doctor.orderer.unreachable gateway-a/relay"],
  ["a replica that runs and has no pairs", { houses: [house({ domains: [...PULSES.map(({ name, kind }) => domain(name, kind)), domain("replica-a-2", "module")], watches: [watch({ shares: [{ domain: "plugin-a", isThere: true, pairs: 2 }, { domain: "replica-a-2", isThere: false, pairs: 0 }] })] }), relay] }, "warning doctor.replica.out gateway-a/replica-a-2"],
  ["a replica that is down", { houses: [house({ domains: [...PULSES.map(({ name, kind }) => domain(name, kind)), domain("replica-a-2", "module", { state: "backoff", admitted: false })], watches: [watch({ shares: [{ domain: "plugin-a", isThere: true, pairs: 2 }, { domain: "replica-a-2", isThere: false, pairs: 0 }] })] }), relay] }, "warning doctor.domain.down gateway-a/replica-a-2"],
  ["a chain without a header quorum", { houses: [house({ watches: [watch({ quorumHeight: 50, cursor: 51, quorumStillMs: 20_000 })] }), relay] }, "stuck doctor.chain.noQuorum chain A"],
  ["a chain whose witnesses are silent", { houses: [house({ pulses: PULSES.map((each) => (each.kind === "witness" ? { ...each, silentMs: 3_000 } : each)) }), relay] }, "stuck doctor.chain.noQuorum chain A"],
  ["a frozen chain", { houses: [house({ watches: [watch({ frozen: "protocol.chain.frozen" })] }), relay] }, "stuck doctor.chain.frozen chain A"],
  ["a chain that is not scanned", { houses: [house({ watches: [watch({ cursor: 40, cursorStillMs: 12_000 })] }), relay] }, "stuck doctor.chain.behind chain A"],
  ["a chain that is held back", { houses: [house({ watches: [watch({ cursor: 40, cursorStillMs: 12_000, isHeldBack: true })] }), relay] }, "warning doctor.queue.full gateway-a/interaction"],
  ["a witness that is behind", { houses: [house({ watches: [watch({ witnesses: new Map([["witness-a-1", 99], ["witness-a-2", 99], ["witness-a-3", 20]]) })] }), relay] }, "warning doctor.witness.behind gateway-a/witness-a-3"],
  ["a chain that answers nobody", { ...withPulse("plugin-a", { gauges: new Map([["up", 0]]) }), chains: { chains: [], silent: ["A"], undecided: [], more: 0 } }, "stuck doctor.chain.silent chain A"],
  ["a frozen pair", { chains: { chains: [chain("A", { frozenPairs: [{ from: "a", to: "b" }] })], silent: [], undecided: [], more: 0 } }, "stuck doctor.pair.frozen a-b"],
  ["an orderer that does not answer", { orderer: null }, "stuck doctor.orderer.silent relay/orderer"],
  ["fewer validators than must sign", { orderer: { ...facts().orderer!, live: ["v1", "v2"] } }, "stuck doctor.validators.few relay chain"],
  ["validators that are connected and hang", { houses: [house(), { ...relay, pulses: ["v1", "v2"].map((name) => pulse(name, "validator", { silentMs: 3_000 })) }] }, "stuck doctor.validators.few relay chain"],
  ["one validator away", { orderer: { ...facts().orderer!, live: ["v1", "v2", "v3"] } }, "warning doctor.validators.missing relay/v4"],
  ["a validator that lags", { validators: [{ name: "v1", said: { height: 1, frozen: [] } }] }, "warning doctor.validator.behind relay/v1"],
  ["a full pool of batches", { orderer: { ...facts().orderer!, pendingBatches: 1_000 } }, "warning doctor.queue.full relay/orderer"],
  ["an orderer that lost what was signed", { orderer: { ...facts().orderer!, oldestBatchMs: 40_000, isUndecided: true } }, "stuck doctor.orderer.undecided relay/orderer"],
  ["a batch nobody accepts", { orderer: { ...facts().orderer!, oldestBatchMs: 40_000 } }, "warning doctor.orderer.pending relay/orderer"],
  ["a relay chain ahead of the host's clock", { orderer: { ...facts().orderer!, tickMs: NOW + 60_000 } }, "warning doctor.clock.apart relay chain"],
  ["a low balance", { chains: { chains: [chain("A", { account: { address: "0x00", balanceWei: ETHER, gasPriceWei: 1_000_000_000n, maxGas: 15_000_000n } })], silent: [], undecided: [], more: 0 } }, "warning doctor.account.low account 0x00 on chain A"],
  ["an empty account", { chains: { chains: [chain("A", { account: { address: "0x00", balanceWei: 5n, gasPriceWei: 1_000_000_000n, maxGas: 15_000_000n } })], silent: [], undecided: [], more: 0 } }, "stuck doctor.account.empty account 0x00 on chain A"],
  ["a disk that is nearly full", { disk: { path: "/d", freeBytes: 5e8, totalBytes: 1e12 } }, "warning doctor.disk.low /d"],
  ["a key that is too old where that is refused", { keys: [keyAge({ ageMs: 31 * DAY_MS, isEnforced: true })] }, "stuck doctor.key.expired gateway-a/interaction"],
  ["a key that is too old where that is only said", { keys: [keyAge({ ageMs: 31 * DAY_MS })] }, "warning doctor.key.expired gateway-a/interaction"],
  ["a key that is too old, and rotated", { keys: [keyAge({ ageMs: 31 * DAY_MS, isEnforced: true, isRotated: true })] }, "note doctor.key.expired gateway-a/interaction"],
  ["a key that will soon be too old", { keys: [keyAge({ ageMs: 28 * DAY_MS })] }, "note doctor.key.old gateway-a/interaction"],
  ["a full disk", { disk: { path: "/d", freeBytes: 1e6, totalBytes: 1e12 } }, "stuck doctor.disk.full /d"],
];
for (const [what, changed, wanted] of CASES) {
  test(`${what} is named`, () => {
    assert.ok(found(changed).includes(wanted), `${wanted} is not among ${found(changed).join("; ")}`);
  });
}

const entry = (what: string, stage: string, more: Partial<EntryFacts> = {}): EntryFacts => ({
  gateway: "gateway-a", id: ID, what, chain: "A", stage, stageMs: 70_000, ageMs: 80_000, timeoutMs: 120_000, attempts: 0, refusal: "", ...more,
});
const open = (entries: readonly EntryFacts[], more: { readonly block?: bigint; readonly ageMs?: number; readonly decided?: { readonly chain: string; readonly block: bigint } | null } = {}): Partial<Facts> => ({
  houses: [house({ entries }), relay],
  chains: { chains: [chain("A"), chain("C")], silent: [], more: 0, undecided: [{ id: ID, key: "0x", source: "A", block: more.block ?? 10n, atMs: NOW - (more.ageMs ?? 80_000), timeoutMs: 120_000, decided: more.decided ?? null }] },
});
const STAGES: readonly (readonly [what: string, facts: Partial<Facts>, code: string])[] = [
  ["waits for finality", open([], { block: 100n }), "doctor.transfer.finality"],
  ["has no header quorum", { ...open([]), houses: [house({ watches: [watch({ quorumHeight: 5, cursor: 6 })] }), relay] }, "doctor.transfer.quorum"],
  ["was not taken up", open([]), "doctor.transfer.unseen"],
  ["waits for its private body", open([entry("request", "waitBody")]), "doctor.transfer.body"],
  ["is not taken by the relay chain", open([entry("request", "sent")]), "doctor.transfer.unpublished"],
  ["was refused by the relay chain", open([entry("request", "refused", { refusal: "protocol.registry.pairUnknown" })]), "doctor.transfer.refused"],
  ["was ordered", open([entry("request", "relayed")]), "doctor.transfer.ordered"],
  ["waits for its body at the destination", open([entry("request", "relayed"), entry("execute", "waitBody", { chain: "C" })]), "doctor.transfer.body"],
  ["is not submitted", open([entry("execute", "queued", { chain: "C" })]), "doctor.transfer.unsubmitted"],
  ["is submitted and not mined", open([entry("execute", "submitted", { chain: "C", attempts: 3 })]), "doctor.transfer.unmined"],
  ["waits for CANCEL", open([entry("execute", "superseded", { chain: "C" }), entry("cancel", "submitted", { chain: "C" })]), "doctor.transfer.cancel"],
  ["waits for the finality of its receipt", open([], { decided: { chain: "C", block: 100n } }), "doctor.transfer.finality"],
  ["waits for its receipt", open([entry("request", "relayed")], { decided: { chain: "C", block: 10n } }), "doctor.transfer.receipt"],
  ["has its receipt and is not settled", open([entry("request", "relayed"), entry("settle", "submitted")], { decided: { chain: "C", block: 10n } }), "doctor.transfer.unmined"],
];
for (const [what, changed, code] of STAGES) {
  test(`a late transfer that ${what} is named with that stage`, () => assert.deepEqual(found(changed).filter((each) => each.endsWith(ID)), [`warning ${code} ${ID}`]));
}

test("a transfer on its way is no finding; past its deadline it is stuck, and says by how much", () => {
  assert.deepEqual(found(open([entry("request", "sent")], { ageMs: 10_000 })), []);
  const [late] = examine(facts(open([entry("request", "sent")], { ageMs: 200_000 })));
  assert.equal(late?.severity, "stuck");
  assert.match(late?.why ?? "", /its deadline passed 80 s ago/u);
  assert.equal(late?.sinceMs, NOW - 200_000);
});

test("a transfer that only a gateway knows, because its chain is silent, is named", () => {
  const { houses } = open([entry("request", "relayed")]);
  assert.ok(found({ houses: houses ?? [], chains: { chains: [], silent: ["A"], undecided: [], more: 0 } }).includes(`warning doctor.transfer.ordered ${ID}`));
});

test("findings come worst first, then the oldest, each with a time, a reason, what follows and what to do", () => {
  const all = examine(facts({ ...withPulse("interaction", { silentMs: 4_000 }), disk: { path: "/d", freeBytes: 5e8, totalBytes: 1e12 } }));
  assert.deepEqual(all.map(({ severity }) => severity), ["stuck", "warning"]);
  for (const each of all) for (const text of [each.why, each.next, each.fix]) assert.ok(text.length > 0);
  assert.match(drawFindings(all, "i"), /^STUCK {2}gateway-a\/interaction, since .*\(4 s\)\n {2}why {3}doctor\.domain\.silent: .*\n {2}next {2}.*6 s.*\n {2}do/u);
  assert.match(drawFindings(all, "i"), /i: 1 stuck, 1 warnings, 0 notes$/u);
});

test("time spans are rounded to what a person reads", () => {
  assert.deepEqual([950, 9_400, 119_000, 125_000, 7_100_000, 9_000_000, 400_000_000].map(span), ["950 ms", "9 s", "119 s", "2 min", "118 min", "3 h", "5 days"]);
});

test("whatever domains answer, nothing but printable ASCII without control characters is shown", () => {
  const evil = fc.oneof(fc.string({ unit: "binary" }), fc.constant("\u001B[2J\u202E"), fc.double(), fc.constant(null), fc.constant([]));
  const any = fc.jsonValue({ maxDepth: 3 });
  const value = fc.oneof(evil, any);
  const record = (keys: readonly string[]) => fc.record(Object.fromEntries(keys.map((key) => [key, value])), { requiredKeys: [] });
  const pulses = fc.array(record(["name", "kind", "chain", "phase", "silentMs", "gauges", "stall", "stallRestarts"]).chain((base) => record(["duty", "by", "owedMs"]).map((owed) => ({ ...base, silentMs: 9_000, owes: [{ ...owed, owedMs: 60_000 }] }))));
  const chains = fc.array(record(["chain", "cursor", "quorumHeight", "frozen", "witnesses", "stillMs", "heldBack"]));
  const entries = fc.array(record(["id", "what", "chain", "stage", "stageMs", "ageMs", "timeoutMs", "attempts", "refusal"]).map((each) => ({ ...each, ageMs: 90_000 })));
  fc.assert(fc.property(pulses, chains, entries, record(["height", "tickMs", "threshold", "validators", "pendingBatches"]), any, (untrustedPulses, untrustedChains, untrustedEntries, untrustedOrderer, untrustedAny) => {
    const broken = house({ pulses: decodePulses(untrustedPulses), watches: decodeWatches({ chains: untrustedChains }), entries: decodeEntries("gateway-a", { entries: untrustedEntries }) });
    const text = drawFindings(examine(facts({ houses: [broken, relay], orderer: decodeOrderer(untrustedOrderer), validators: [decodeValidator("v1", untrustedAny)], chains: { chains: [], silent: ["A"], undecided: [], more: 0 } })), "i");
    assert.match(text, /^[\x20-\x7E\n]*$/u);
    for (const decode of [decodePulses, decodeWatches, decodeOrderer]) decode(untrustedAny);
  }));
});
