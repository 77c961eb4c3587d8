import { type Duplex } from "node:stream";
import { type Cancel, type Clock, type Log, makeRetryWaits } from "@crossguardian/kernel";
import { type Link, type LinkHandlers } from "../link/link.ts";
import { makeStreamLink } from "./stream-link.ts";

const WAITS = { firstMs: 50, lastMs: 1_000 };
/** A connection that lasted so long counts as good: the next wait is short again. */
const GOOD_AFTER_MS = 1_000;
/** An orderer that says nothing within this time after connecting is left, in ms. */
const CHALLENGE_WAIT_MS = 10_000;

/** Keeps one link to the orderer, for ever, with bounded backoff. */
export const stayConnected = (options: {
  readonly connect: () => Duplex;
  readonly handlersFor: (link: () => Link) => LinkHandlers;
  readonly clock: Clock;
  readonly log: Log;
  readonly onUp?: () => void;
  readonly onDrain?: () => void;
}): { readonly stop: () => void; readonly link: () => Link | null } => {
  const { clock, log } = options;
  let isStopped = false;
  const waits = makeRetryWaits(clock, WAITS);
  let current: Link | null = null;
  let cancel: Cancel = () => undefined;

  const start = (): void => {
    if (isStopped) return;
    const startedMs = clock.monotonicMs();
    const stream = options.connect();
    const cancelWait = clock.after(CHALLENGE_WAIT_MS, () => {
      link.close("relaychain.link.hello");
    });
    const handlers = options.handlersFor(() => link);
    const link: Link = makeStreamLink(stream, {
      handlers: {
        ...handlers,
        relayChallenge: (message, payload) => {
          cancelWait();
          current = link;
          handlers.relayChallenge?.(message, payload);
          options.onUp?.();
        },
      },
      onClose: (code) => {
        cancelWait();
        current = null;
        if (isStopped) return;
        if (clock.monotonicMs() - startedMs > GOOD_AFTER_MS) waits.good();
        const waitMs = Math.round(waits.next());
        log.warn("relaychain.orderer.down", { code, waitMs });
        cancel = clock.after(waitMs, start);
      },
      onDrain: () => options.onDrain?.(),
    });
  };
  start();
  return {
    stop: () => {
      isStopped = true;
      cancel();
      current?.close("");
    },
    link: () => current,
  };
};
