import { type Cancel, type Clock, CodedError, equalBytes, failure, type Failure, type Log, makeRetryWaits } from "@crossguardian/kernel";
import { CALL_DEADLINE_MS, FIRST_RECONNECT_MS, LAST_RECONNECT_MS, SLOW_ANSWER_MS } from "../limits.ts";
import { type CallBounds, makeCallTable } from "./call-table.ts";
import { decodeAnswers } from "./decode-answers.ts";
import { bytesMember } from "./decode-values.ts";
import { type OpenTransport, type Transport } from "./transport.ts";

/** Asks one node at a time; reconnects by itself, to the next endpoint after each failure. */
export type RpcLink = {
  /**
   * The answer's result, unchecked.
   * @throws evm.rpc.down, .lost, .deadline, .busy, .refused (facts: rpcCode, reason)
   */
  readonly call: (method: string, params: readonly unknown[], bounds?: CallBounds) => Promise<unknown>;
  readonly isUp: () => boolean;
  /** True while there is no connection, or the node has an answer open for longer than SLOW_ANSWER_MS. */
  readonly waits: () => boolean;
  /** Leaves this node: what it said is not believed. */
  readonly distrust: (why: Failure) => void;
  readonly stop: () => void;
};

/** What a link needs. */
export type LinkOptions = {
  readonly endpoints: readonly OpenTransport[];
  /** keccak256 of block 0's header: a node of another chain is left at once. */
  readonly genesisHash: Uint8Array;
  readonly clock: Clock;
  readonly log: Log;
  /** The node's tip as it said with its greeting; null: it said none. */
  readonly onUp: (untrustedTip: unknown) => void;
  /** Header of a new block as the node pushed it: a hint. */
  readonly onHead: (untrustedHead: unknown) => void;
};

type Ask = (method: string, params: readonly unknown[], bounds?: CallBounds) => Promise<unknown>;

/** Questions of one moment go out together. */
const makeAsk = (calls: ReturnType<typeof makeCallTable>, transport: () => Transport | null): Ask => {
  let outbox: string[] = [];
  const flush = (): void => {
    const requests = outbox;
    outbox = [];
    transport()?.post(requests);
  };
  return async (method, params, bounds = {}) => {
    if (transport() === null) throw new CodedError("evm.rpc.down", { method });
    const { id, answer } = calls.open(method, bounds);
    outbox.push(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    if (outbox.length === 1) queueMicrotask(flush);
    return answer;
  };
};

/** Null where the node knows no such question. */
const askAnyhow = async (ask: Ask, method: string, params: readonly unknown[]): Promise<unknown> => {
  try {
    return await ask(method, params);
  } catch (error) {
    if (error instanceof CodedError && error.code === "evm.rpc.refused") return null;
    throw error;
  }
};

/** What a node says of itself: the id of a newHeads subscription, or null where there is none; and its tip, unchecked, or null. */
type Greeting = { readonly subscription: string | null; readonly untrustedTip: unknown };

/**
 * The genesis must match. Everything is asked for at once, because a takeover waits for the answers; what a node says whose genesis is another is not heard.
 * @throws evm.node.genesis
 */
const greetNode = async (ask: Ask, genesisHash: Uint8Array, pushes: boolean): Promise<Greeting> => {
  const [genesis, untrustedId, untrustedTip] = await Promise.all([
    ask("eth_getBlockByNumber", ["0x0", false]),
    pushes ? askAnyhow(ask, "eth_subscribe", ["newHeads"]) : null,
    askAnyhow(ask, "eth_blockNumber", []),
  ]);
  if (!equalBytes(bytesMember(genesis, "hash", 32), genesisHash)) throw new CodedError("evm.node.genesis");
  return { subscription: typeof untrustedId === "string" ? untrustedId : null, untrustedTip };
};

const sayDown = (log: Log, endpoint: number, code: string, isNews: boolean): void => {
  if (code === "evm.node.genesis") log.alarm(code, { endpoint });
  else if (isNews) log.warn("evm.link.down", { endpoint, code });
};

/** Makes a link and begins to connect. */
export const makeRpcLink = (options: LinkOptions): RpcLink => {
  const { clock, log } = options;
  const calls = makeCallTable(clock, (method) => goDown(failure("evm.rpc.deadline", { method })));
  const ask = makeAsk(calls, () => transport);
  let transport: Transport | null = null;
  let generation = 0;
  let state: "down" | "checking" | "up" | "stopped" = "down";
  let endpoint = -1;
  const waits = makeRetryWaits(clock, { firstMs: FIRST_RECONNECT_MS, lastMs: LAST_RECONNECT_MS });
  let cancelTimer: Cancel | null = null;
  let subscription: string | null = null;
  let said = "";

  const leave = (because: string): void => {
    generation += 1;
    cancelTimer?.();
    const old = transport;
    transport = null;
    subscription = null;
    old?.close();
    calls.failAll(because);
  };

  const goDown = (why: Failure): void => {
    if (state === "stopped") return;
    sayDown(log, endpoint, why.code, state === "up" || said !== why.code);
    said = why.code;
    state = "down";
    leave(why.code);
    cancelTimer = clock.after(waits.next(), connect);
  };

  const takeText = (untrustedText: string): void => {
    if (untrustedText.length > calls.maxAnswerBytes()) {
      goDown(failure("evm.answer.oversize", { chars: untrustedText.length, max: calls.maxAnswerBytes() }));
      return;
    }
    try {
      for (const answer of decodeAnswers(untrustedText)) {
        if (answer.kind !== "push") calls.take(answer);
        else if (answer.subscription === subscription) options.onHead(answer.untrustedResult);
      }
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      goDown(error.failure);
    }
  };

  const greet = async (mine: number, pushes: boolean): Promise<void> => {
    const greeting = await greetNode(ask, options.genesisHash, pushes);
    if (mine !== generation) return;
    ({ subscription } = greeting);
    state = "up";
    waits.good();
    said = "";
    log.info("evm.link.up", { endpoint, pushes: subscription !== null });
    options.onUp(greeting.untrustedTip);
  };

  const connect = (): void => {
    endpoint = (endpoint + 1) % options.endpoints.length;
    const openTransport = options.endpoints[endpoint];
    if (openTransport === undefined) throw new CodedError("evm.config.endpoint", { endpoints: options.endpoints.length });
    generation += 1;
    const mine = generation;
    state = "checking";
    cancelTimer = clock.after(CALL_DEADLINE_MS, () => goDown(failure("evm.rpc.deadline", { method: "connect" })));
    const opened = openTransport({
      onOpen: () => {
        if (mine !== generation) return;
        cancelTimer?.();
        greet(mine, opened.pushes).catch((error: unknown) => {
          if (!(error instanceof CodedError)) throw error;
          if (mine === generation) goDown(error.failure);
        });
      },
      onText: (untrustedText) => {
        if (mine === generation) takeText(untrustedText);
      },
      onDown: (why) => {
        if (mine === generation) goDown(why);
      },
    });
    if (mine === generation) transport = opened;
    else opened.close();
  };

  connect();
  return {
    call: async (method, params, bounds) => {
      if (state !== "up") throw new CodedError("evm.rpc.down", { method });
      return ask(method, params, bounds);
    },
    isUp: () => state === "up",
    waits: () => state !== "up" || calls.oldestMs() > SLOW_ANSWER_MS,
    distrust: (why) => {
      log.alarm(why.code, why.facts);
      goDown(why);
    },
    stop: () => {
      state = "stopped";
      leave("stop");
    },
  };
};
