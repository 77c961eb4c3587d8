import { type Cancel, type Clock, CodedError, type Hash, type Log } from "@crossguardian/kernel";
import { type CallBounds } from "../rpc/call-table.ts";
import { makeRpcLink, type RpcLink } from "../rpc/link.ts";
import { decodeQuantity, toQuantity } from "../rpc/decode-values.ts";
import { type OpenTransport } from "../rpc/transport.ts";
import { type CheckedHeader, decodeHeader } from "./decode-header.ts";
import { makeHeadCache } from "./head-cache.ts";

/** A chain as one node tells it: its tip, headers by height, and any other question. */
export type TipWatch = {
  /** Height of the newest block, or null before the first answer. */
  readonly tip: () => bigint | null;
  /** Base fee of the newest pushed head, in wei per gas; null when unknown. */
  readonly baseFeeWei: () => bigint | null;
  /**
   * Header at a height of the node's branch, or null where it has none (yet).
   * @throws evm.rpc.*, evm.answer.*, evm.node.header
   */
  readonly header: (height: bigint, isFresh?: boolean) => Promise<CheckedHeader | null>;
  readonly call: (method: string, params: readonly unknown[], bounds?: CallBounds) => Promise<unknown>;
  readonly isUp: () => boolean;
  /** See {@link RpcLink.waits}. */
  readonly waits: () => boolean;
  /** Forgets what this node said and leaves it for the next. */
  readonly distrust: RpcLink["distrust"];
  readonly stop: () => void;
};

/** What a tip watch needs. */
export type TipWatchOptions = {
  readonly endpoints: readonly OpenTransport[];
  readonly genesisHash: Uint8Array;
  readonly keccak256: Hash;
  readonly clock: Clock;
  readonly log: Log;
  readonly pollMs: number;
  /** After each new tip, each (re)connection and each poll. */
  readonly onTip: () => void;
  readonly onUp?: () => void;
};

/** Follows the tip by pushed heads as hints, and by polling where none came. */
export const makeTipWatch = (options: TipWatchOptions): TipWatch => {
  const { clock, log } = options;
  const heads = makeHeadCache();
  let tip: bigint | null = null;
  let baseFeeWei: bigint | null = null;
  let headAtMs = -Infinity;
  let cancelPoll: Cancel | null = null;
  let isPolling = false;
  let isStopped = false;

  const onHead = (untrustedHead: unknown): void => {
    try {
      const head = decodeHeader(options, untrustedHead);
      heads.add(head);
      tip = head.height;
      baseFeeWei = head.baseFeeWei;
      headAtMs = clock.monotonicMs();
    } catch (error) {
      // A push is a hint: whatever it holds, what counts is asked for by number.
      if (!(error instanceof CodedError)) throw error;
      heads.clear();
      headAtMs = -Infinity;
      void poll();
      return;
    }
    options.onTip();
  };

  const link = makeRpcLink({
    endpoints: options.endpoints,
    genesisHash: options.genesisHash,
    clock,
    log,
    onUp: (untrustedTip) => {
      heads.clear();
      options.onUp?.();
      if (untrustedTip === null) void poll();
      else takeTip(untrustedTip);
    },
    onHead,
  });

  const takeTip = (untrusted: unknown): void => {
    try {
      tip = decodeQuantity(untrusted, "tip");
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      link.distrust(error.failure);
      return;
    }
    options.onTip();
  };
  const poll = async (): Promise<void> => {
    if (isPolling || !link.isUp()) return;
    isPolling = true;
    try {
      takeTip(await link.call("eth_blockNumber", []));
    } catch (error) {
      if (!(error instanceof CodedError)) throw error; // the link sees to it
    } finally {
      isPolling = false;
    }
  };

  const tick = (): void => {
    if (isStopped) return;
    if (clock.monotonicMs() - headAtMs >= options.pollMs) void poll();
    else options.onTip();
    cancelPoll = clock.after(options.pollMs, tick);
  };
  cancelPoll = clock.after(options.pollMs, tick);

  return {
    tip: () => tip,
    baseFeeWei: () => baseFeeWei,
    header: async (height, isFresh = false) => {
      const known = isFresh ? null : heads.at(height);
      if (known !== null) return known;
      const untrusted = await link.call("eth_getBlockByNumber", [toQuantity(height), false], { maxAnswerBytes: 8 * 1024 * 1024 });
      if (untrusted === null || untrusted === undefined) return null;
      const header = decodeHeader(options, untrusted);
      if (header.height !== height) throw new CodedError("evm.answer.malformed", { what: "height" });
      return header;
    },
    call: link.call,
    isUp: link.isUp,
    waits: link.waits,
    distrust: (why) => {
      heads.clear();
      link.distrust(why);
    },
    stop: () => {
      isStopped = true;
      cancelPoll?.();
      link.stop();
    },
  };
};

/** True for failures after which the node itself is in doubt. */
export const isNodeInDoubt = (error: CodedError): boolean =>
  ["evm.answer.malformed", "evm.answer.oversize", "evm.node.header", "evm.node.receipts"].includes(error.code);
