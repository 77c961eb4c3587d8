import { askDomain } from "../decode-answer.ts";
import { asList, asName, asNumber, asNumbers, asObject } from "../doctor/decode-fields.ts";
import { type InstanceRecord } from "../instance.ts";

/** What management sees of one domain. Metrics by name, as its module monitor/metrics.ts lists them. */
export type WatchedDomain = {
  readonly house: string;
  readonly name: string;
  readonly kind: string;
  readonly chain: string;
  readonly phase: string;
  readonly point: ReadonlyMap<string, number>;
  /** Since the domain's port came; empty for the switch, which has none. */
  readonly totals: ReadonlyMap<string, number>;
  /** What the switch told about the port, by event or failure code. */
  readonly refusals: ReadonlyMap<string, number>;
  /** What management suspects it of at the moment. */
  readonly suspicions: readonly string[];
};

/** What management sees of one house; `domains` is empty when it does not answer. */
export type WatchedHouse = {
  readonly house: string;
  readonly running: boolean;
  /** Nothing but IBTP passes its switch. */
  readonly isWhitelisting: boolean;
  readonly domains: readonly WatchedDomain[];
  readonly flows: readonly { readonly from: string; readonly to: string; readonly framesPerS: number; readonly bytesPerS: number }[];
};

const decodeDomain = (house: string, untrusted: unknown): readonly WatchedDomain[] => {
  const domain = asObject(untrusted);
  if (domain === null) return [];
  return [{
    house,
    name: asName(domain["name"]),
    kind: asName(domain["kind"]),
    chain: domain["chain"] === null ? "" : asName(domain["chain"]),
    phase: asName(domain["phase"]),
    point: asNumbers(domain["point"]),
    totals: asNumbers(domain["totals"]),
    refusals: asNumbers(domain["refusals"]),
    suspicions: asList(domain["suspicions"]).map(asName),
  }];
};

/** Takes management's answer to `watch`; what has another form is left out. */
export const decodeWatch = (house: string, untrusted: unknown): WatchedHouse => {
  const answer = asObject(untrusted);
  return {
    house,
    running: answer !== null && Array.isArray(answer["domains"]),
    isWhitelisting: answer?.["whitelisting"] === true,
    domains: asList(answer?.["domains"]).flatMap((each) => decodeDomain(house, each)),
    flows: asList(answer?.["flows"]).flatMap((each) => {
      const flow = asObject(each);
      if (flow === null) return [];
      return [{ from: asName(flow["from"]), to: asName(flow["to"]), framesPerS: asNumber(flow["framesPerS"]) ?? 0, bytesPerS: asNumber(flow["bytesPerS"]) ?? 0 }];
    }),
  };
};

/** Asks the management of every house of an instance. */
export const readWatch = async (record: InstanceRecord): Promise<readonly WatchedHouse[]> =>
  Promise.all(record.houses.map(async ({ house, runDir }) => decodeWatch(house, await askDomain(runDir, "management", "watch", ""))));
