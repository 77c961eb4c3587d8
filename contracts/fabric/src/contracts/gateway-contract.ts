import { type Context, Contract } from "fabric-contract-api";
import { toHex } from "@crossguardian/kernel";
import { cancel, execute, inCursor, receiptHash, reemit } from "../gateway/destination.ts";
import { governanceNonce, governed, keyFromHex, pause } from "../gateway/governed.ts";
import { rotate } from "../gateway/attested.ts";
import { initialise } from "../gateway/initialise.ts";
import { settle, settledUpTo, stateOf } from "../gateway/source.ts";
import { indexKey, pairKey, tables } from "../gateway/store.ts";
import { takeTogether } from "../gateway/together.ts";
import { decidedWindow, services, settledWindow } from "../gateway/views.ts";
import { bytesArg, numberArg, openSubmission, submissionArg, submissionsArg, textsArg } from "./arguments.ts";
import { look, openTransaction, transact } from "./open-call.ts";

const numberText = (value: bigint): string => value.toString();

/** Transactions of the gateway; bytes are hexadecimal, numbers decimal, submissions the binary message of core/wire. */
export class GatewayContract extends Contract {
  constructor() {
    super("gateway");
  }

  async initialise(ctx: Context, terms: string): Promise<void> {
    await openTransaction(ctx, async (call) => initialise(call, bytesArg(terms)));
  }

  async governed(ctx: Context, calls: string, signatures: string): Promise<void> {
    await transact(ctx, async (call) => governed(call, textsArg(calls), textsArg(signatures).map((each) => bytesArg(each))));
  }

  async pause(ctx: Context, signature: string): Promise<void> {
    await transact(ctx, async (call) => pause(call, bytesArg(signature)));
  }

  async execute(ctx: Context, _submission: string): Promise<void> {
    await transact(ctx, async (call) => execute(call, submissionArg(ctx)));
  }

  async settle(ctx: Context, _submission: string): Promise<void> {
    await transact(ctx, async (call) => settle(call, submissionArg(ctx)));
  }

  async cancel(ctx: Context, _submission: string): Promise<void> {
    await transact(ctx, async (call) => cancel(call, submissionArg(ctx)));
  }

  async rotate(ctx: Context, _submission: string): Promise<void> {
    await transact(ctx, async (call) => rotate(call, submissionArg(ctx)));
  }

  /** Several of these; answers a JSON list of why each was refused, "" for those that were taken. */
  async together(ctx: Context, _submissions: string): Promise<string> {
    return transact(ctx, async (call) => JSON.stringify(await takeTogether(call, submissionsArg(ctx), openSubmission)));
  }

  async reemit(ctx: Context, from: string, to: string, index: string, status: string, result: string, requestHash: string): Promise<void> {
    await transact(ctx, async (call) =>
      reemit(call, {
        from: keyFromHex(from),
        to: keyFromHex(to),
        index: numberArg(index),
        status: Number(numberArg(status)),
        result: bytesArg(result),
        requestHash: keyFromHex(requestHash),
      }),
    );
  }

  async receiptHash(ctx: Context, from: string, to: string, index: string): Promise<string> {
    return look(ctx, async (call) => toHex(await receiptHash(call, pairKey(keyFromHex(from), keyFromHex(to)), numberArg(index))));
  }

  async requestState(ctx: Context, from: string, to: string, index: string): Promise<string> {
    const pair = pairKey(keyFromHex(from), keyFromHex(to));
    return look(ctx, async (call) => {
      const commitment = await tables.commitment.get(call.ledger, indexKey(pair, numberArg(index)));
      return JSON.stringify({ commitment: toHex(commitment ?? new Uint8Array(32)), state: await stateOf(call, pair, numberArg(index)) });
    });
  }

  async inCursor(ctx: Context, from: string, to: string): Promise<string> {
    return look(ctx, async (call) => numberText(await inCursor(call, pairKey(keyFromHex(from), keyFromHex(to)))));
  }

  async outIndex(ctx: Context, from: string, to: string): Promise<string> {
    return look(ctx, async (call) => numberText((await tables.out.get(call.ledger, pairKey(keyFromHex(from), keyFromHex(to))))?.index ?? 0n));
  }

  async settledUpTo(ctx: Context, from: string, to: string): Promise<string> {
    return look(ctx, async (call) => numberText(await settledUpTo(call, pairKey(keyFromHex(from), keyFromHex(to)))));
  }

  async decidedWindow(ctx: Context, from: string, to: string, base: string, count: string): Promise<string> {
    return look(ctx, async (call) => toHex(await decidedWindow(call, keyFromHex(from), keyFromHex(to), numberArg(base), numberArg(count))));
  }

  async settledWindow(ctx: Context, from: string, to: string, base: string, count: string): Promise<string> {
    return look(ctx, async (call) => toHex(await settledWindow(call, keyFromHex(from), keyFromHex(to), numberArg(base), numberArg(count))));
  }

  async pairState(ctx: Context, from: string, to: string): Promise<string> {
    return look(ctx, async (call) => {
      const pair = await tables.pair.get(call.ledger, pairKey(keyFromHex(from), keyFromHex(to)));
      return JSON.stringify({ allowed: pair?.allowed ?? false, frozen: pair?.frozen ?? false });
    });
  }

  async services(ctx: Context): Promise<string> {
    return look(ctx, async (call) => JSON.stringify(await services(call)));
  }

  /** What the gateway was made with, its nonces and validators: compare it with what you meant before you register it. */
  async terms(ctx: Context): Promise<string> {
    return look(ctx, async (call) => {
      const { terms, ledger } = call;
      const gate = await tables.gate.get(ledger, "");
      const set = await tables.validators.get(ledger, "");
      return JSON.stringify({
        relayGenesis: toHex(terms.relayGenesis),
        chain: toHex(terms.chain),
        contract: toHex(terms.contract),
        admin: toHex(terms.admin),
        governors: terms.governors.map((each) => toHex(each)),
        governanceThreshold: terms.governanceThreshold,
        governanceNonce: numberText(await governanceNonce(call)),
        pauser: toHex(terms.pauser),
        pauseNonce: numberText(gate?.pauseNonce ?? 0n),
        paused: gate?.paused ?? false,
        epoch: numberText(set?.epoch ?? 0n),
        validators: (set?.members ?? []).map((each) => toHex(each)),
        threshold: set?.threshold ?? 0,
      });
    });
  }
}
