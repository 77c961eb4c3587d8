import { asList, asName, asNumber, asNumbers, asObject } from "./decode-fields.ts";
import { type EntryFacts, type OrdererFacts, type PulseFacts, type ValidatorFacts, type WatchFacts } from "./facts.ts";

/** Management's answer to `status`; null when it is no list. */
export const decodePulses = (untrusted: unknown): readonly PulseFacts[] | null => {
  if (!Array.isArray(untrusted)) return null;
  return asList(untrusted).flatMap((each) => {
    const domain = asObject(each);
    if (domain === null) return [];
    const stall = asObject(domain["stall"]);
    return [{
      name: asName(domain["name"]),
      kind: asName(domain["kind"]),
      chain: asName(domain["chain"]),
      phase: asName(domain["phase"]),
      silentMs: asNumber(domain["silentMs"]),
      gauges: asNumbers(domain["gauges"]),
      owes: asList(domain["owes"]).flatMap((owed) => {
        const one = asObject(owed);
        const owedMs = asNumber(one?.["owedMs"]);
        return one === null || owedMs === null ? [] : [{ duty: asName(one["duty"]), by: asName(one["by"]), owedMs, excused: one["excused"] === true }];
      }),
      isStalled: stall !== null,
      isGivenUp: stall?.["givenUp"] === true,
      stallRestarts: asNumber(domain["stallRestarts"]) ?? 0,
    }];
  });
};

/** The chains in an interaction domain's answer to `status`; null when it has another form. */
export const decodeWatches = (untrusted: unknown): readonly WatchFacts[] | null => {
  const status = asObject(untrusted);
  if (status === null || !Array.isArray(status["chains"])) return null;
  return asList(status["chains"]).flatMap((each) => {
    const chain = asObject(each);
    if (chain === null) return [];
    const still = asObject(chain["stillMs"]);
    return [{
      chain: asName(chain["chain"]),
      cursor: asNumber(chain["cursor"]) ?? 0,
      quorumHeight: asNumber(chain["quorumHeight"]),
      frozen: chain["frozen"] === "" ? "" : asName(chain["frozen"]),
      witnesses: asNumbers(chain["witnesses"]),
      quorumStillMs: asNumber(still?.["quorum"]) ?? 0,
      cursorStillMs: asNumber(still?.["cursor"]) ?? 0,
      isHeldBack: chain["heldBack"] === true,
      queued: asNumber(chain["queued"]) ?? 0,
      submitted: asNumber(chain["submitted"]) ?? 0,
      shares: asList(asObject(chain["sharing"])?.["replicas"]).flatMap((share) => {
        const one = asObject(share);
        return one === null ? [] : [{ domain: asName(one["domain"]), isThere: one["isThere"] === true, pairs: asNumber(one["pairs"]) ?? 0 }];
      }),
    }];
  });
};

/** Entries of an interaction domain's answer to `open`. */
export const decodeEntries = (gateway: string, untrusted: unknown): readonly EntryFacts[] =>
  asList(asObject(untrusted)?.["entries"]).flatMap((each) => {
    const entry = asObject(each);
    if (entry === null) return [];
    return [{
      gateway,
      id: asName(entry["id"]),
      what: asName(entry["what"]),
      chain: asName(entry["chain"]),
      stage: asName(entry["stage"]),
      stageMs: asNumber(entry["stageMs"]) ?? 0,
      ageMs: asNumber(entry["ageMs"]),
      timeoutMs: asNumber(entry["timeoutMs"]),
      attempts: asNumber(entry["attempts"]) ?? 0,
      refusal: entry["refusal"] === "" ? "" : asName(entry["refusal"]),
    }];
  });

/** The orderer's answer to `status`; null when it has another form. */
export const decodeOrderer = (untrusted: unknown): OrdererFacts | null => {
  const status = asObject(untrusted);
  const [height, tickMs, threshold] = [asNumber(status?.["height"]), asNumber(status?.["tickMs"]), asNumber(status?.["threshold"])];
  if (status === null || height === null || tickMs === null || threshold === null) return null;
  return {
    height,
    tickMs,
    threshold,
    pendingBatches: asNumber(status["pendingBatches"]) ?? 0,
    pendingBytes: asNumber(status["pendingBytes"]) ?? 0,
    oldestBatchMs: asNumber(status["oldestBatchMs"]) ?? 0,
    isUndecided: status["undecided"] === true,
    live: asList(status["validators"]).flatMap((each) => {
      const validator = asObject(each);
      return validator?.["live"] === true ? [asName(validator["name"])] : [];
    }),
  };
};

/** A validator's answer to `status`. */
export const decodeValidator = (name: string, untrusted: unknown): ValidatorFacts => {
  const status = asObject(untrusted);
  const height = asNumber(status?.["height"]);
  return { name, said: height === null ? null : { height, frozen: asList(status?.["frozen"]).map(asName) } };
};
