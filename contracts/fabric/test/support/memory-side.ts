import { makeCrypto } from "@crossguardian/crypto";
import { type Member } from "@crossguardian/fabric-devnet";
import { compareBytes, concatBytes, fromHex, toHex, utf8 } from "@crossguardian/kernel";
import { decodeFabricEvents, decodeGatewayEvent, type GatewayEvent, isGatewayTopic } from "@crossguardian/proof";
import { type TwinSide, TwinRefusal } from "@crossguardian/testkit";
import { encodeMessage, fabricTogether, type Message, MESSAGES } from "@crossguardian/wire";
import { type Context } from "fabric-contract-api";
import { accountOfCertificate } from "../../src/account.ts";
import { DataContract } from "../../src/contracts/data-contract.ts";
import { GatewayContract } from "../../src/contracts/gateway-contract.ts";
import { VaultContract } from "../../src/contracts/vault-contract.ts";
import { governedDigest, pauseDigest } from "../../src/gateway/governed.ts";
import { type GatewayTerms, termsCodec } from "../../src/gateway/terms.ts";
import { powers } from "../../src/powers.ts";

export const crypto = await makeCrypto();

/** Runs contract classes on a map, as a peer would: a transaction does not read what it wrote, and writes count when it succeeds. */
export type MemoryChannel = {
  readonly call: (name: string, args: readonly string[], more?: { readonly raw?: Uint8Array; readonly by?: Member; readonly timeMs?: number }) => Promise<{ readonly answer: string; readonly events: readonly GatewayEvent[] }>;
  readonly snapshot: () => ReadonlyMap<string, Uint8Array>;
  readonly restore: (state: ReadonlyMap<string, Uint8Array>) => void;
};

const CONTRACTS = { gateway: new GatewayContract(), vault: new VaultContract(), data: new DataContract() } as const;

type Transaction = (ctx: Context, ...args: readonly string[]) => Promise<string | undefined>;

export const makeMemoryChannel = (user: Member): MemoryChannel => {
  let state = new Map<string, Uint8Array>();
  return {
    snapshot: () => new Map(state),
    restore: (to) => {
      state = new Map(to);
    },
    call: async (name, args, { raw, by = user, timeMs = Date.now() } = {}) => {
      const writes = new Map<string, Uint8Array | null>();
      let event: Uint8Array | null = null;
      const stub = {
        getState: async (key: string) => Promise.resolve(state.get(key) ?? new Uint8Array(0)),
        putState: async (key: string, value: Uint8Array) => Promise.resolve(void writes.set(key, value)),
        deleteState: async (key: string) => Promise.resolve(void writes.set(key, null)),
        setEvent: (_name: string, payload: Uint8Array) => {
          event = payload;
        },
        getCreator: () => ({ mspid: by.mspId, idBytes: Buffer.from(by.certificate.pem) }),
        getDateTimestamp: () => new Date(timeMs),
        getBufferArgs: () => [Buffer.from(name), ...(raw === undefined ? args.map((each) => Buffer.from(each)) : [raw])],
      };
      const [contract = "", method = ""] = name.split(":");
      const instance = CONTRACTS[contract as keyof typeof CONTRACTS];
      const run = (instance as unknown as Record<string, Transaction>)[method];
      if (run === undefined) throw new Error(`no transaction ${name}`);
      const answer = await run.call(instance, { stub } as unknown as Context, ...args);
      for (const [key, value] of writes) {
        if (value === null) state.delete(key);
        else state.set(key, value);
      }
      const logs = (event === null ? [] : decodeFabricEvents(event)).filter(({ topics }) => topics[0] !== undefined && isGatewayTopic(topics[0]));
      const events = logs.map((log) => {
        const decoded = decodeGatewayEvent({ ...log, address: new Uint8Array(32) });
        if (!decoded.ok) throw new Error(decoded.failure.code);
        return decoded.value;
      });
      return { answer: answer ?? "", events };
    },
  };
};

/** The name before the facts is the Solidity error's. */
const refusing = async <T>(run: Promise<T>): Promise<T> => {
  try {
    return await run;
  } catch (error) {
    if (error instanceof Error && error.name === "Refusal") throw new TwinRefusal(error.message.split(" ")[0] ?? "");
    throw error;
  }
};

const keyOf = (id: string): string => toHex(crypto.keccak256(utf8(id)));

/** Signatures over a digest, ascending by signer. */
export const signAll = (digest: Uint8Array, keys: readonly Uint8Array[]): readonly Uint8Array[] =>
  [...keys]
    .sort((left, right) => compareBytes(crypto.secp256k1.address(left), crypto.secp256k1.address(right)))
    .map((key) => {
      const { signature, recovery } = crypto.secp256k1.sign(digest, key);
      return concatBytes([signature, Uint8Array.of(27 + recovery)]);
    });

/** Sends submissions in one transaction; answers its events and why each was refused. */
export const sendTogether = async (channel: MemoryChannel, submissions: readonly Message<"submit">[]) => {
  const raw = encodeMessage(fabricTogether, submissions.map((each) => encodeMessage(MESSAGES.submit.codec, each)));
  const { answer, events } = await channel.call("gateway:together", [""], { raw });
  return { events, reasons: JSON.parse(answer) as readonly string[] }; // what the chaincode of this package answers
};

export type SideKeys = { readonly governors: readonly Uint8Array[]; readonly pauser: Uint8Array };

export const govern = async (channel: MemoryChannel, terms: GatewayTerms, keys: SideKeys, calls: readonly string[]): Promise<void> => {
  const { governanceNonce } = JSON.parse((await channel.call("gateway:terms", [])).answer) as { governanceNonce: string };
  const digest = governedDigest({ powers, terms }, BigInt(governanceNonce), calls);
  const signatures = signAll(digest, keys.governors.slice(0, 2)).map((each) => toHex(each));
  await channel.call("gateway:governed", [JSON.stringify(calls), JSON.stringify(signatures)]);
};

/** `isTogether`: submissions go by the transaction that takes several. */
export const twinOf = (channel: MemoryChannel, terms: GatewayTerms, keys: SideKeys, ids: TwinSide["ids"], user: Member, isTogether = false): TwinSide => {
  const ask = async (name: string, args: readonly string[]): Promise<readonly GatewayEvent[]> => (await refusing(channel.call(name, args))).events;
  const look = async (name: string, args: readonly string[]): Promise<string> => (await refusing(channel.call(name, args))).answer;
  const CALLS = { 1: "execute", 2: "settle", 3: "cancel", 4: "rotate" } as const;
  return {
    target: { chain: terms.chain, contract: terms.contract },
    ids,
    user: accountOfCertificate(crypto.keccak256, user.mspId, Buffer.from(user.certificate.pem)),
    receiver: crypto.keccak256(utf8("receiver")).slice(-20),
    lock: async (to, receiver, amount, timeoutMs) => ask("vault:lock", [keyOf(to), toHex(receiver), amount.toString(), timeoutMs.toString()]),
    burn: async (to, receiver, amount, timeoutMs) => ask("vault:burn", [keyOf(to), toHex(receiver), amount.toString(), timeoutMs.toString()]),
    callPublic: async (to, func, key, timeoutMs) => ask("data:callPublic", [keyOf(to), func, toHex(key), timeoutMs.toString()]),
    getPrivate: async (to, bodyHash, timeoutMs) => ask("data:get", [keyOf(to), toHex(bodyHash), timeoutMs.toString()]),
    setValue: async (key, value) => {
      await ask("data:set", [toHex(key), toHex(value)]);
    },
    answerOf: async (to, index) => {
      const { status, result } = JSON.parse(await look("data:answerOf", [keyOf(to), index.toString()])) as { status: number; result: string };
      return { status, result: fromHex(result) };
    },
    submit: async (submission) => {
      if (isTogether) {
        const { events, reasons } = await sendTogether(channel, [submission]);
        if (reasons[0] !== "") throw new TwinRefusal(reasons[0]?.split(" ")[0] ?? "");
        return events;
      }
      return (await refusing(channel.call(`gateway:${CALLS[submission.call]}`, [""], { raw: encodeMessage(MESSAGES.submit.codec, submission) }))).events;
    },
    reemit: async (from, to, { index, status, result, requestHash }) =>
      ask("gateway:reemit", [keyOf(from), keyOf(to), index.toString(), status.toString(), toHex(result), toHex(requestHash)]),
    requestState: async (from, to, index) => (JSON.parse(await look("gateway:requestState", [keyOf(from), keyOf(to), index.toString()])) as { state: number }).state,
    receiptHash: async (from, to, index) => fromHex(await look("gateway:receiptHash", [keyOf(from), keyOf(to), index.toString()])),
    last: async (name, from, to) => BigInt(await look(`gateway:${name}`, [keyOf(from), keyOf(to)])),
    window: async (name, from, to, base, count) => fromHex(await look(`gateway:${name}`, [keyOf(from), keyOf(to), base.toString(), count.toString()])),
    balances: async (peer, account) => {
      const [home, wrapped, supply, locked] = await Promise.all([
        look("vault:balanceOf", ["home", toHex(account)]),
        look("vault:balanceOf", [keyOf(peer), toHex(account)]),
        look("vault:totalSupply", [keyOf(peer)]),
        look("vault:lockedFor", [keyOf(peer)]),
      ]);
      return { home: BigInt(home), wrapped: BigInt(wrapped), supply: BigInt(supply), locked: BigInt(locked) };
    },
    isFrozen: async (from, to) => (JSON.parse(await look("gateway:pairState", [keyOf(from), keyOf(to)])) as { frozen: boolean }).frozen,
    pause: async () => {
      const { pauseNonce } = JSON.parse(await look("gateway:terms", [])) as { pauseNonce: string };
      const [signature] = signAll(pauseDigest({ powers, terms }, BigInt(pauseNonce)), [keys.pauser]);
      await ask("gateway:pause", [toHex(signature ?? new Uint8Array(0))]);
    },
  };
};

export const encodeTerms = (terms: GatewayTerms): string => toHex(encodeMessage(termsCodec, terms));
