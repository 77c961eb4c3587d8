import { type Facts, isAlive } from "./facts.ts";
import { type Finding, finding, type FindingDraft } from "./finding.ts";

/** A batch that waits longer is worth a word, in ms. */
export const PENDING_PATIENCE_MS = 15_000;
/** Blocks that a validator may be behind. */
export const VALIDATOR_LAG_BLOCKS = 5;
/** As in relay-chain/src/orderer/orderer-powers.ts; a queue is near its bound at three quarters of it. */
const MAX_PENDING_BATCHES = 1024;
const MAX_PENDING_BATCH_BYTES = 64 * 1024 * 1024;
const NEAR = 0.75;
/** How far a block's tick may be ahead of a signer's clock, in ms (protocol, "Relay chain"). */
const MAX_TICK_AHEAD_MS = 2_000;
const WAITS = "transfers wait; those past their deadline are cancelled and rolled back once it works again. Nothing is lost";

const judgeValidators = ({ orderer, validators, houses }: Facts): readonly FindingDraft[] => {
  if (orderer === null) return [];
  const silent = new Set(houses.flatMap(({ house, pulses }) => (house === "relay" ? (pulses ?? []) : [])).filter((pulse) => !isAlive(pulse)).map(({ name }) => name));
  const missing = validators.map(({ name }) => name).filter((name) => !orderer.live.includes(name) || silent.has(name));
  const present = validators.length - missing.length;
  const few: FindingDraft[] = present >= orderer.threshold ? [] : [{
    severity: "stuck", code: "doctor.validators.few", subject: "relay chain", ageMs: null,
    detail: `${present} of ${validators.length} are, ${orderer.threshold} must sign`, next: `${WAITS}; validators that ended or are silent for 10 s are started again`,
    fix: `look at ${missing.map((name) => `./crossguardian logs ${name}`).join(", ")}`,
  }];
  const absent = missing.filter((name) => !silent.has(name)).map((name): FindingDraft => ({
    severity: "warning", code: "doctor.validators.missing", subject: `relay/${name}`, ageMs: null,
    next: "it connects again by itself, every 2 s at the latest, and catches up", fix: `./crossguardian logs ${name}; with ${Math.max(1, present - orderer.threshold + 1)} more absent the relay chain stops`,
  }));
  const others = validators.flatMap(({ name, said }): FindingDraft[] => {
    if (said === null) return [];
    const frozen = said.frozen.map((chain): FindingDraft => ({
      severity: "stuck", code: "doctor.chain.frozen", subject: `chain ${chain}`, ageMs: null, detail: `${name} says so`, next: "nothing: this validator signs nothing of the chain until it is restarted",
      fix: "find out which of the validators' witnesses lie, mend them, then restart the validators",
    }));
    const lag = orderer.height - said.height;
    if (lag <= VALIDATOR_LAG_BLOCKS || missing.includes(name)) return frozen;
    return [...frozen, { severity: "warning", code: "doctor.validator.behind", subject: `relay/${name}`, ageMs: null, detail: `${lag} blocks`, next: "it is sent what it lacks", fix: `./crossguardian logs ${name}` }];
  });
  return [...few, ...absent, ...others];
};

const judgeOrderer = ({ orderer, houses, nowMs }: Facts): readonly FindingDraft[] => {
  if (!houses.some(({ house, isRunning }) => house === "relay" && isRunning)) return [];
  if (orderer === null) {
    return [{ severity: "stuck", code: "doctor.orderer.silent", subject: "relay/orderer", ageMs: null, next: `${WAITS}; an orderer that ends or is silent for 10 s is started again`, fix: "./crossguardian logs orderer" }];
  }
  const drafts: FindingDraft[] = [];
  if (orderer.pendingBatches > NEAR * MAX_PENDING_BATCHES || orderer.pendingBytes > NEAR * MAX_PENDING_BATCH_BYTES) {
    drafts.push({
      severity: "warning", code: "doctor.queue.full", subject: "relay/orderer", ageMs: orderer.oldestBatchMs, detail: `${orderer.pendingBatches} batches, ${orderer.pendingBytes} bytes`,
      next: "further batches are refused and sent again by their gateways", fix: "look at the validators: they have not accepted what waits",
    });
  }
  if (orderer.isUndecided) {
    drafts.push({
      severity: "stuck", code: "doctor.orderer.undecided", subject: "relay/orderer", ageMs: null,
      next: `${WAITS}; it asks each validator that comes what it signed last, and goes on when enough can sign the same`, fix: "start the validators that are not there",
    });
  } else if (orderer.oldestBatchMs > PENDING_PATIENCE_MS) {
    drafts.push({
      severity: "warning", code: "doctor.orderer.pending", subject: "relay/orderer", ageMs: orderer.oldestBatchMs,
      next: "validators that could not check it are asked again twice a second; after 2 min it is given back to its gateway, which publishes it again", fix: "look at the validators' header endpoints (validatorWitnesses in the configuration)",
    });
  }
  const aheadMs = orderer.tickMs - nowMs;
  if (aheadMs > MAX_TICK_AHEAD_MS) {
    drafts.push({
      severity: "warning", code: "doctor.clock.apart", subject: "relay chain", ageMs: null, detail: `by ${Math.round(aheadMs)} ms`,
      next: "validators sign nothing until their clocks are within 2 s of it", fix: "set the clock of this machine, and let NTP keep it",
    });
  }
  return drafts;
};

const judgeLinks = ({ houses }: Facts): readonly FindingDraft[] =>
  houses.flatMap(({ house, pulses }) =>
    (pulses ?? []).filter(({ kind, phase, gauges }) => kind === "relay" && phase === "admitted" && gauges.get("connected") === 0).map(({ name }): FindingDraft => ({
      severity: "stuck", code: "doctor.orderer.unreachable", subject: `${house}/${name}`, ageMs: null, next: `it connects again by itself, every 5 s at the latest; ${WAITS}`, fix: "look at the orderer and the way to it (relay.orderer in the configuration)",
    })),
  );

/** The relay chain: orderer, validators, links, clock. */
export const judgeRelayChain = (facts: Facts): readonly Finding[] =>
  [...judgeOrderer(facts), ...judgeValidators(facts), ...judgeLinks(facts)].map((draft) => finding(draft, facts.nowMs));
