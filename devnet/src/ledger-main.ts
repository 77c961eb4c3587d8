import { createServer, type IncomingMessage } from "node:http";
import process from "node:process";

import { makeCrypto } from "@crossguardian/crypto";
import { CodedError, fromHex, toHex } from "@crossguardian/kernel";
import { encodeLedgerHeader, ledgerBlockHash, type LedgerEvent, ledgerEvent, ledgerEventsTree } from "@crossguardian/proof";
import { decodeMessage, encodeMessage, MESSAGES } from "@crossguardian/wire";

import { makeLedgerContract } from "./ledger/ledger-contract.ts";
import { ledgerTerms } from "./ledger/ledger-terms.ts";

const MAX_BODY_BYTES = 16 * 1024 * 1024;
const NOT_FOUND = 404;
const REFUSED = 400;

/** A plain ledger in memory with a gateway contract: `{port, blockTimeMs, terms}` as the only argument. Users' calls are not signed: a test chain. */
const { port, blockTimeMs, terms: encodedTerms } = JSON.parse(process.argv[2] ?? "{}") as { readonly port: number; readonly blockTimeMs: number; readonly terms: string }; // written by start-ledger.ts
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

const answerTo = async (asked: IncomingMessage): Promise<unknown> => {
  const path = asked.url ?? "";
  const height = /^\/blocks\/(\d{1,15})$/u.exec(path)?.[1];
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
