import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import {
  type Abi,
  decodeErrorResult,
  decodeEventLog,
  decodeFunctionResult,
  encodeDeployData,
  encodeFunctionData,
  type Hex,
} from "viem";

const binary = fileURLToPath(
  new URL("../../../../node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil", import.meta.url),
);

/** One emitted event with the address it came from. */
export type Event = { readonly address: Hex; readonly name: string; readonly args: Record<string, unknown> };

/** What became of a transaction. */
export type Mined = { readonly status: "success" | "reverted"; readonly gasUsed: bigint; readonly events: readonly Event[]; readonly hash: Hex };

/** Options of one call or transaction; sender is an index into the chain's accounts. */
export type CallOptions = { readonly sender?: number; readonly gas?: bigint };

/** A contract on one chain. */
export type Contract = {
  readonly address: Hex;
  readonly abi: Abi;
  /** Sends a transaction, whatever becomes of it. */
  readonly send: (name: string, args: readonly unknown[], options?: CallOptions) => Promise<Mined>;
  /** Sends a transaction that must succeed. */
  readonly done: (name: string, args: readonly unknown[], options?: CallOptions) => Promise<Mined>;
  /** Calls without a transaction; throws Refused with the custom error's name. */
  readonly read: (name: string, args?: readonly unknown[], options?: CallOptions) => Promise<unknown>;
  /** Name of the custom error a call is refused with; null when it is not refused. */
  readonly refusal: (name: string, args: readonly unknown[], options?: CallOptions) => Promise<string | null>;
  readonly data: (name: string, args: readonly unknown[]) => Hex;
};

/** A running development chain. */
export type Chain = {
  readonly chainId: number;
  readonly accounts: readonly Hex[];
  readonly rpc: (method: string, params?: readonly unknown[]) => Promise<unknown>;
  readonly deploy: (artifact: { readonly abi: Abi; readonly bytecode: Hex }, args?: readonly unknown[]) => Promise<Contract>;
  readonly stop: () => Promise<void>;
};

/** A call the contract refused. */
export class Refused extends Error {
  readonly errorName: string;
  constructor(errorName: string) {
    super(errorName);
    this.errorName = errorName;
  }
}

type RpcError = { readonly message: string; readonly data?: Hex };
type RawLog = { readonly address: Hex; readonly topics: [Hex, ...Hex[]]; readonly data: Hex };
type RawReceipt = { readonly status: Hex; readonly gasUsed: Hex; readonly logs: readonly RawLog[]; readonly transactionHash: Hex };

const DEFAULT_GAS = 25_000_000n;
const MINED_WITHIN_MS = 20_000;

/** Starts anvil on a free port; stop() ends it and waits for its end. */
export async function startChain(chainId: number): Promise<Chain> {
  const child = spawn(binary, ["--port", "0", "--chain-id", String(chainId), "--gas-limit", "60000000", "--accounts", "5"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => { resolve(); }));
  const url = await new Promise<string>((resolve, reject) => {
    const lines = createInterface({ input: child.stdout });
    lines.on("line", (line) => {
      const match = /^Listening on (\S+)/.exec(line);
      if (match?.[1] !== undefined) resolve(`http://${match[1]}`);
    });
    child.once("error", reject);
    child.once("exit", () => { reject(new Error("anvil ended before it listened")); });
  });
  let id = 0;
  const post = async (method: string, params: readonly unknown[]): Promise<{ result?: unknown; error?: RpcError }> => {
    const body = JSON.stringify({ jsonrpc: "2.0", id: ++id, method, params });
    const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
    return (await response.json()) as { result?: unknown; error?: RpcError };
  };
  const rpc = async (method: string, params: readonly unknown[] = []): Promise<unknown> => {
    const { result, error } = await post(method, params);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result;
  };
  const accounts = (await rpc("eth_accounts")) as Hex[];
  const abis: Abi[] = [];
  const mine = async (from: Hex, to: Hex | undefined, data: Hex, gas: bigint): Promise<RawReceipt & { contractAddress?: Hex }> => {
    const hash = await rpc("eth_sendTransaction", [{ from, to, data, gas: `0x${gas.toString(16)}` }]);
    const endMs = performance.now() + MINED_WITHIN_MS;
    do {
      const receipt = await rpc("eth_getTransactionReceipt", [hash]);
      if (receipt !== null) return receipt as RawReceipt;
    } while (performance.now() < endMs);
    throw new Error(`the transaction was not mined; the pool: ${JSON.stringify(await rpc("txpool_inspect"))}`);
  };
  const contractAt = (address: Hex, abi: Abi): Contract => {
    const options = (given: CallOptions = {}) => ({ from: accounts[given.sender ?? 0] as Hex, gas: given.gas ?? DEFAULT_GAS });
    const data = (name: string, args: readonly unknown[]): Hex => encodeFunctionData({ abi, functionName: name, args });
    const read: Contract["read"] = async (name, args = [], given) => {
      const { from, gas } = options(given);
      const { result, error } = await post("eth_call", [{ from, to: address, data: data(name, args), gas: `0x${gas.toString(16)}` }, "latest"]);
      if (error !== undefined) throw new Refused(errorName(abi, error));
      return decodeFunctionResult({ abi, functionName: name, args, data: result as Hex });
    };
    const send: Contract["send"] = async (name, args, given) => {
      const { from, gas } = options(given);
      const receipt = await mine(from, address, data(name, args), gas);
      return {
        hash: receipt.transactionHash,
        status: receipt.status === "0x1" ? "success" : "reverted",
        gasUsed: BigInt(receipt.gasUsed),
        events: receipt.logs.map((log) => decodeLog(abis, log)),
      };
    };
    const refusal: Contract["refusal"] = async (name, args, given) => {
      try {
        await read(name, args, given);
        return null;
      } catch (error) {
        if (error instanceof Refused) return error.errorName;
        throw error;
      }
    };
    return {
      address, abi, data, read, send, refusal,
      done: async (name, args, given) => {
        const mined = await send(name, args, given);
        if (mined.status !== "success") throw new Error(`${name} reverted: ${String(await refusal(name, args, given))}`);
        return mined;
      },
    };
  };
  return {
    chainId,
    accounts,
    rpc,
    deploy: async ({ abi, bytecode }, args = []) => {
      const receipt = await mine(accounts[0] as Hex, undefined, encodeDeployData({ abi, bytecode, args }), DEFAULT_GAS);
      if (receipt.status !== "0x1" || receipt.contractAddress === undefined) throw new Error("deployment reverted");
      if (!abis.includes(abi)) abis.push(abi);
      return contractAt(receipt.contractAddress, abi);
    },
    stop: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

function errorName(abi: Abi, error: RpcError): string {
  if (error.data === undefined || error.data === "0x") return error.message;
  try {
    return decodeErrorResult({ abi, data: error.data }).errorName;
  } catch {
    return error.data;
  }
}

function decodeLog(abis: readonly Abi[], log: RawLog): Event {
  for (const abi of abis) {
    try {
      const { eventName, args } = decodeEventLog({ abi, topics: log.topics, data: log.data });
      return { address: log.address, name: String(eventName), args: (args ?? {}) as Record<string, unknown> };
    } catch {
      continue;
    }
  }
  return { address: log.address, name: "unknown", args: {} };
}
