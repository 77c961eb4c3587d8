import { makeCrypto } from "@crossguardian/crypto";
import { fromHex, to0x } from "@crossguardian/kernel";
import { type FinalStatus, type GatewayEvent } from "@crossguardian/proof";
import { TwinRefusal, type TwinSide, type TwinWorld } from "@crossguardian/testkit";
import { type Message } from "@crossguardian/wire";
import { decodeErrorResult, type Hex, isHex } from "viem";
import { loadArtifacts } from "../../src/load-artifacts.ts";
import { type Contract } from "./anvil.ts";
import { serviceKey } from "./oracle.ts";
import { balances, GENESIS, type Side, startWorld, validators } from "./world.ts";

type Told = { readonly name: string; readonly args: Record<string, unknown> };

const bytesOf = (value: unknown): Uint8Array => fromHex((value as Hex).slice(2));
const CALLS = { 1: "execute", 2: "settle", 3: "cancel", 4: "rotate" } as const;

const eventOf = ({ name, args }: Told): GatewayEvent[] => {
  const pair = () => ({ fromKey: bytesOf(args["from"]), toKey: bytesOf(args["to"]), index: args["index"] as bigint });
  switch (name) {
    case "Request":
      return [{
        type: "request", ...pair(), requestHash: bytesOf(args["requestHash"]), bodyHash: bytesOf(args["bodyHash"]),
        timeoutMs: args["timeoutMs"] as bigint, priority: args["priority"] as number, isPrivate: args["isPrivate"] as boolean,
        func: args["func"] as string, args: (args["args"] as Hex[]).map(bytesOf),
      }];
    case "Receipt":
      return [{ type: "receipt", ...pair(), requestHash: bytesOf(args["requestHash"]), status: args["status"] as FinalStatus, result: bytesOf(args["result"]) }];
    case "Settled":
      return [{ type: "settled", ...pair(), status: args["status"] as FinalStatus }];
    default:
      return [];
  }
};

/** An error of an inner contract comes as raw data: any contract of the world may have raised it. */
const reasonOf = (told: string | null): string => {
  if (told === null) return "nothing";
  if (!isHex(told)) return told;
  for (const { abi } of Object.values(loadArtifacts())) {
    try {
      return decodeErrorResult({ abi, data: told }).errorName;
    } catch {
      continue;
    }
  }
  return told;
};

const send = async (contract: Contract, name: string, args: readonly unknown[]): Promise<readonly GatewayEvent[]> => {
  const mined = await contract.send(name, args);
  if (mined.status === "success") return mined.events.flatMap(eventOf);
  throw new TwinRefusal(reasonOf(await contract.refusal(name, args)));
};

const headerOf = ({ header }: Message<"submit">["attestation"]) => ({
  epoch: header.epoch, height: header.height, prevHash: to0x(header.prevHash), tick: header.tickMs, entriesRoot: to0x(header.entriesRoot),
});

const argsOf = ({ call, attestation, entries, bodies, results }: Message<"submit">): readonly unknown[] => {
  const given = entries.map((each) => ({
    from: serviceKey(each.from), to: serviceKey(each.to), index: each.index, requestHash: to0x(each.requestHash), status: each.status,
    resultHash: to0x(each.resultHash), position: each.position, siblings: each.siblings.map((sibling) => to0x(sibling)),
  }));
  const common = [headerOf(attestation), attestation.signatures.map((each) => to0x(each)), given];
  if (CALLS[call] === "settle") return [...common, results.map((each) => to0x(each))];
  if (CALLS[call] === "cancel") return common;
  return [
    ...common,
    bodies.map((body) => ({
      ...body, srcChain: to0x(body.srcChain), srcContract: to0x(body.srcContract), salt: to0x(body.salt), args: body.args.map((each) => to0x(each)),
    })),
  ];
};

const twinOf = (side: Side, other: Side): TwinSide => {
  const { gateway, vault, data, chain } = side;
  const read = async (name: string, args: readonly unknown[]): Promise<unknown> => gateway.read(name, args);
  return {
    target: { chain: bytesOf(side.target.chain), contract: bytesOf(side.target.account) },
    ids: side.ids,
    user: bytesOf(chain.accounts[0]),
    receiver: bytesOf(chain.accounts[3]),
    lock: async (to, receiver, amount, timeoutMs) => send(vault, "lock", [serviceKey(to), to0x(receiver), amount, timeoutMs]),
    burn: async (to, receiver, amount, timeoutMs) => send(vault, "burn", [serviceKey(to), to0x(receiver), amount, timeoutMs]),
    callPublic: async (to, func, key, timeoutMs) => send(data, "callPublic", [serviceKey(to), func, to0x(key), timeoutMs]),
    getPrivate: async (to, bodyHash, timeoutMs) => send(data, "get", [serviceKey(to), to0x(bodyHash), timeoutMs]),
    setValue: async (key, value) => {
      await data.done("set", [to0x(key), to0x(value)]);
    },
    answerOf: async (to, index) => {
      const [status, result] = (await data.read("answerOf", [serviceKey(to), index])) as [number, Hex];
      return { status, result: bytesOf(result) };
    },
    submit: async (submission) => send(gateway, CALLS[submission.call], argsOf(submission)),
    reemit: async (from, to, { index, status, result, requestHash }) =>
      send(gateway, "reemit", [serviceKey(from), serviceKey(to), index, status, to0x(result), to0x(requestHash)]),
    requestState: async (from, to, index) => ((await read("requestState", [serviceKey(from), serviceKey(to), index])) as [Hex, number])[1],
    receiptHash: async (from, to, index) => bytesOf(await read("receiptHash", [serviceKey(from), serviceKey(to), index])),
    last: async (name, from, to) => (await read(name, [serviceKey(from), serviceKey(to)])) as bigint,
    window: async (name, from, to, base, count) => bytesOf(await read(name, [serviceKey(from), serviceKey(to), base, count])),
    balances: async (_peer, account) => {
      const { home, wrapped, locked, wrappedSupply } = await balances(side, other, to0x(account));
      return { home, wrapped, locked, supply: wrappedSupply };
    },
    isFrozen: async (from, to) => ((await read("pairState", [serviceKey(from), serviceKey(to)])) as { frozen: boolean }).frozen,
    pause: async () => {
      await gateway.done("pause", [], { sender: 1 });
    },
  };
};

/** The Solidity contracts on two chains of anvil. */
export const makeTwinWorld = async (): Promise<TwinWorld> => {
  const { a, b, reset, stop } = await startWorld();
  return {
    a: twinOf(a, b),
    b: twinOf(b, a),
    relayGenesis: bytesOf(GENESIS),
    validatorKeys: validators.map(({ key }) => bytesOf(key)),
    crypto: await makeCrypto(),
    reset,
    stop,
  };
};
