import { type Cancel, type Clock, failure, type Failure, type Log, ok, refuse, type Result } from "@crossguardian/kernel";
import { makeHeaderQuorum, type WitnessedHeader } from "@crossguardian/protocol";

/** A validator's own view of one chain: the quorum of its header endpoints. */
export type ChainWatch = {
  /** Headers of one endpoint, and its tip. */
  readonly report: (endpoint: string, headers: readonly WitnessedHeader[], tip: bigint) => void;
  /** The agreed header at a height; waits at most HEADER_WAIT_MS. Errors: relaychain.header.late (retry), protocol.chain.frozen. */
  readonly headerAt: (height: bigint) => Promise<Result<WitnessedHeader>>;
  /** Why nothing of this chain is signed any more, or null. */
  readonly frozen: () => Failure | null;
  readonly highest: () => bigint | null;
};

/** A check waits so long for a header's quorum before it is given back as "later", in ms. */
export const HEADER_WAIT_MS = 5000;
/** Checks that wait for headers of one chain at the same time. */
export const MAX_HEADER_WAITERS = 4096;
const GO_BACK_PAUSE_MS = 1000;

type Waiter = (result: Result<WitnessedHeader>) => void;

/** Makes the watch. `setFrom` sends all endpoints' followers to a height; `deployHeight` is the lowest that can matter. */
export const makeChainWatch = (
  ports: { readonly clock: Clock; readonly log: Log; readonly setFrom: (height: bigint) => void },
  chain: string,
  rule: { readonly n: number; readonly k: number },
  deployHeight: bigint,
): ChainWatch => {
  const quorum = makeHeaderQuorum(chain, rule);
  const waiters = new Map<bigint, Waiter[]>();
  let waiting = 0;
  let lowest: bigint | null = null;
  let wentBackMs = Number.NEGATIVE_INFINITY;
  /** A header below is wanted while the endpoints were just sent back: they are sent to the lowest one after the pause, not after HEADER_WAIT_MS. */
  let cancelGoBack: Cancel | null = null;

  const release = (height: bigint, result: Result<WitnessedHeader>): void => {
    const all = waiters.get(height) ?? [];
    waiters.delete(height);
    waiting -= all.length;
    for (const each of all) each(result);
  };

  const goBack = (height: bigint): void => {
    const now = ports.clock.monotonicMs();
    if (height < deployHeight || (lowest !== null && height >= lowest && (quorum.highest() ?? 0n) < height)) return;
    const pauseMs = wentBackMs + GO_BACK_PAUSE_MS - now;
    if (pauseMs > 0) {
      cancelGoBack ??= ports.clock.after(pauseMs, () => {
        cancelGoBack = null;
        const wanted = [...waiters.keys()].reduce<bigint | null>((low, each) => (low === null || each < low ? each : low), null);
        if (wanted !== null) goBack(wanted);
      });
      return;
    }
    wentBackMs = now;
    lowest = lowest === null || height < lowest ? height : lowest;
    ports.setFrom(height);
  };

  return {
    report: (endpoint, headers, tip) => {
      const first = headers[0];
      if (first !== undefined && (lowest === null || first.height < lowest)) lowest = first.height;
      if (lowest === null && first === undefined) {
        lowest = tip;
        ports.setFrom(tip);
      }
      const { reached, alarms } = quorum.report(endpoint, headers);
      for (const alarm of alarms) ports.log.alarm(alarm.code, alarm.facts);
      const frozen = quorum.frozen();
      if (frozen !== null) for (const height of [...waiters.keys()]) release(height, refuse(frozen));
      for (const height of reached) {
        const header = quorum.at(height);
        if (header !== null) release(height, ok(header));
      }
    },
    headerAt: (height) => {
      const frozen = quorum.frozen();
      if (frozen !== null) return Promise.resolve(refuse(frozen));
      const known = quorum.at(height);
      if (known !== null) return Promise.resolve(ok(known));
      if (waiting >= MAX_HEADER_WAITERS) return Promise.resolve(refuse(failure("relaychain.header.late", { chain, height })));
      goBack(height);
      return new Promise((resolve) => {
        const cancel = ports.clock.after(HEADER_WAIT_MS, () => {
          const all = waiters.get(height) ?? [];
          waiters.set(height, all.filter((each) => each !== waiter));
          if (all.length <= 1) waiters.delete(height);
          waiting -= 1;
          resolve(refuse(failure("relaychain.header.late", { chain, height })));
        });
        const waiter: Waiter = (result) => {
          cancel();
          resolve(result);
        };
        waiters.set(height, [...(waiters.get(height) ?? []), waiter]);
        waiting += 1;
      });
    },
    frozen: () => quorum.frozen(),
    highest: () => quorum.highest(),
  };
};
