import { createServer, type IncomingMessage } from "node:http";
import process from "node:process";

import { makeCrypto } from "@crossguardian/crypto";
import { CodedError, fromHex, toHex } from "@crossguardian/kernel";
import { encodeLedgerHeader, ledgerBlockHash, type LedgerEvent, ledgerEvent, ledgerEventsTree } from "@crossguardian/proof";
import { decodeMessage, encodeMessage, type Message, MESSAGES } from "@crossguardian/wire";

import { type LedgerContention } from "./adapters/start-ledger.ts";
import { makeLedgerContract } from "./ledger/ledger-contract.ts";
import { ledgerTerms } from "./ledger/ledger-terms.ts";

const MAX_BODY_BYTES = 16 * 1024 * 1024;
const NOT_FOUND = 404;
const REFUSED = 400;
const CONFLICT = 409;

/** A plain ledger in memory with a gateway contract: `{port, blockTimeMs, terms, contended}` as the only argument. Users' calls are not signed: a test chain. */
const { port, blockTimeMs, terms: encodedTerms, contended } = JSON.parse(process.argv[2] ?? "{}") as { readonly port: number; readonly blockTimeMs: number; readonly terms: string; readonly contended: LedgerContention | null }; // written by start-ledger.ts
const terms = decodeMessage(ledgerTerms, fromHex(encodedTerms));
if (!terms.ok) throw new CodedError(terms.failure.code, terms.failure.facts);
const crypto = await makeCrypto();
const contract = makeLedgerContract(crypto, terms.value);

type Block = { readonly header: Uint8Array; readonly events: readonly Uint8Array[] };
const blocks: Block[] = [];
let waiting: LedgerEvent[] = [];
const addBlock = (): void => {
  const events = waiting.map((each) => encodeMessage(ledgerEvent, each));
  waiting = [];
  const parent = blocks.at(-1);
  const header = encodeLedgerHeader({
    height: BigInt(blocks.length),
    // The first block's parent names the contract, so that two ledgers of one second differ.
    parentHash: parent === undefined ? terms.value.contract : ledgerBlockHash(crypto.sha256, parent.header),
    timestampS: parent === undefined ? terms.value.genesisS : BigInt(Math.floor(Date.now() / 1_000)),
    eventsRoot: ledgerEventsTree(crypto.sha256, events).root,
  });
  blocks.push({ header, events });
};
addBlock();

const bodyOf = async (asked: IncomingMessage): Promise<Record<string, unknown>> => {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of asked as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > MAX_BODY_BYTES) throw new CodedError("devnet.option.bad", { what: "bytes" });
    pieces.push(piece);
  }
  const value: unknown = JSON.parse(Buffer.concat(pieces).toString("utf8"));
  if (typeof value !== "object" || value === null) throw new CodedError("devnet.option.bad", { what: "object" });
  return { ...value };
};

const textOf = (value: unknown, what: string): string => {
  if (typeof value !== "string") throw new CodedError("devnet.option.bad", { what });
  return value;
};

/** Entries of contended transfers in submissions, those submissions, and those of them that were undone. */
const contention = { tried: 0, submissions: 0, undone: 0 };
/** A submission conflicts when one of its contended entries does, and all of it is undone, as on a chain with optimistic concurrency. */
const isUndone = ({ entries }: Message<"submit">): boolean => {
  const tried = contended === null ? 0 : entries.filter(({ from, to }) => from === contended.service || to === contended.service).length;
  if (contended === null || tried === 0) return false;
  contention.tried += tried;
  contention.submissions += 1;
  const isLost = Math.random() > (1 - contended.loss) ** tried;
  if (isLost) contention.undone += 1;
  return isLost;
};

const answerTo = async (asked: IncomingMessage): Promise<unknown> => {
  const path = asked.url ?? "";
  const height = /^\/blocks\/(\d{1,15})$/u.exec(path)?.[1];
  if (path === "/contention") return contention;
  if (path === "/tip") return { height: blocks.length - 1 };
  if (height !== undefined) {
    const block = blocks[Number(height)];
    return block === undefined ? null : { header: toHex(block.header), events: block.events.map(toHex) };
  }
  if (path.startsWith("/locked/")) return { locked: contract.lockedFor(decodeURIComponent(path.slice("/locked/".length))).toString() };
  if (asked.method !== "POST") return null;
  const body = await bodyOf(asked);
  if (path === "/lock") {
    const request = contract.lock({
      peer: textOf(body["peer"], "peer"), amount: BigInt(textOf(body["amount"], "amount")), receiver: fromHex(textOf(body["receiver"], "receiver")), timeoutMs: BigInt(textOf(body["timeoutMs"], "timeoutMs")),
    });
    if (request === null) throw new CodedError("devnet.option.bad", { what: "peer" });
    waiting.push(request);
    return { id: toHex(request.requestHash) };
  }
  const message = fromHex(textOf(body["message"], "message"));
  if (path === "/submit") {
    const order = decodeMessage(MESSAGES.submit.codec, message);
    if (!order.ok) throw new CodedError(order.failure.code);
    if (isUndone(order.value)) return CONFLICT;
    waiting.push(...contract.submit(order.value));
    return {};
  }
  if (path !== "/query") return null;
  const order = decodeMessage(MESSAGES.query.codec, message);
  if (!order.ok) throw new CodedError(order.failure.code);
  return { message: toHex(encodeMessage(MESSAGES.decided.codec, { chain: order.value.chain, id: order.value.id, pairs: contract.query(order.value) })) };
};

const server = createServer((asked, answer) => {
  answerTo(asked).then(
    (value) => {
      if (value === null) answer.statusCode = NOT_FOUND;
      else if (value === CONFLICT) answer.statusCode = CONFLICT;
      answer.end(JSON.stringify(value));
    },
    () => {
      answer.statusCode = REFUSED;
      answer.end();
    },
  );
});
server.listen(port, "127.0.0.1", () => process.stdout.write("ready\n"));
setInterval(addBlock, blockTimeMs);
process.on("SIGTERM", () => process.exit(0));
