import { type AskHttp, makeAskHttp } from "@crossguardian/domain-appchain";
import { CHAIN_KIND, CodedError, toHex } from "@crossguardian/kernel";
import { type ChainPackage, type LentEndpoint, makeBlockScanner, makeIntake, pollHeaders } from "@crossguardian/plugin-kit";
import { decodeMessage, encodeMessage, type Message, MESSAGES, SUBMIT_OUTCOME } from "@crossguardian/wire";
import { decodeReply, MAX_ANSWER_BYTES } from "../decode-answer.ts";
import { makeLedgerSource } from "../ledger-source.ts";

const DEADLINE_MS = 2_000;
/** The ledger took a submission and undid all of it: another transaction wrote what it writes. */
const CONFLICT = 409;

const askerOf = ({ config, connect }: Pick<LentEndpoint, "config" | "connect">): AskHttp =>
  makeAskHttp(connect, { host: config.host, maxAnswerBytes: MAX_ANSWER_BYTES, deadlineMs: DEADLINE_MS });

/** Plain ledgers over HTTP: /tip and /blocks/N are read, /submit and /query take the contract's messages as they are. */
export const chainPackage: ChainPackage = {
  kind: CHAIN_KIND.ledger,
  gauges: ["tip", "cursor", "up", "waits.scan", "waits.answer"],
  makeHeaderFollower: (options) => {
    const asker = askerOf({ config: options.endpoint, connect: options.connect });
    const source = makeLedgerSource(async (path) => asker.ask({ path }), options.crypto.sha256, { genesisHash: options.genesisHash, contract: options.genesisHash });
    const follower = pollHeaders(source, options);
    return {
      ...follower,
      stop: () => {
        follower.stop();
        asker.stop();
      },
    };
  },
  makePlugin: ({ endpoints, say, crypto, clock, log }, config) => {
    const [node] = endpoints;
    if (node === undefined) throw new CodedError("plugin.config.refused", { what: "endpoints" });
    const asker = askerOf(node);
    const { chain, depth, pollMs } = config;
    const source = makeLedgerSource(async (path) => asker.ask({ path }), crypto.sha256, config);
    const scanner = makeBlockScanner({ chain, depth, source, clock, log, pollMs, tell: (message) => say("observed", message) });
    const intake = makeIntake({ chain, tell: (body) => say("privateBody", body), clock, log });
    const post = async (path: string, message: Uint8Array): Promise<string> => asker.ask({ path, body: JSON.stringify({ message: toHex(message) }) });
    const failed = (error: unknown): CodedError => {
      if (!(error instanceof CodedError)) throw error;
      log.warn(error.code, error.failure.facts);
      return error;
    };
    const submit = async (order: Message<"submit">): Promise<void> => {
      const problem = await post("/submit", encodeMessage(MESSAGES.submit.codec, order)).then(() => null, failed);
      const outcome = problem === null ? SUBMIT_OUTCOME.mined : problem.failure.facts["status"] === CONFLICT ? SUBMIT_OUTCOME.reverted : SUBMIT_OUTCOME.failed;
      say("submitted", { chain, id: order.id, outcome, detail: problem?.code ?? "" });
    };
    const query = async (order: Message<"query">): Promise<void> => {
      const answer = decodeMessage(MESSAGES.decided.codec, decodeReply(await post("/query", encodeMessage(MESSAGES.query.codec, order))));
      if (answer.ok) say("decided", { ...answer.value, chain, id: order.id });
      else log.warn(answer.failure.code);
    };
    return {
      scan: (order) => {
        if (order.chain === chain) scanner.onScan(order);
      },
      submit: (order) => void submit(order),
      query: (order) => void query(order).catch((error: unknown) => void failed(error)),
      privateBodyTaken: intake.onTaken,
      intake,
      onDrain: scanner.wake,
      gauges: () => ({
        tip: Number(scanner.tip() ?? 0n), cursor: Number(scanner.cursor() ?? 0n), up: scanner.isUp() ? 1 : 0,
        "waits.scan": scanner.waits() ? 1 : 0, "waits.answer": scanner.isUp() ? 0 : 1,
      }),
      stop: () => {
        scanner.stop();
        asker.stop();
      },
    };
  },
};
