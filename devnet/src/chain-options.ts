import { CodedError } from "@crossguardian/kernel";

/** Which development chain: anvil (fast, ships its binary in npm) or Ganache (the paper's). */
export type ChainKind = "anvil" | "ganache";

/** What a development chain is started with. */
export type ChainOptions = {
  readonly kind: ChainKind;
  readonly chainId: number;
  /** Milliseconds between blocks; null mines a block per transaction at once. */
  readonly blockTimeMs: number | null;
  /** Funded accounts, the first of `devAccounts`. Default 10. */
  readonly accounts?: number;
  /** Port on 127.0.0.1; default: any free one. */
  readonly port?: number;
  /** anvil: blocks per epoch; `finalized` trails the head by two epochs, `safe` by one. Default 1. */
  readonly slotsInAnEpoch?: number;
  /** Gas per block. Default 1e9. */
  readonly gasLimit?: number;
  /** anvil: older states than this many blocks are dropped; 0 keeps none, which makes blocks cheaper, most where much is stored. Default 128. Blocks, logs and receipts stay. */
  readonly statesKept?: number;
  /** anvil: transactions and receipts of only this many latest blocks are kept; default: of all. */
  readonly blocksKept?: number;
  /** Ganache: folder of its database, so that the chain survives a restart. */
  readonly stateDir?: string;
  /** File that receives the chain's output; default: nowhere. */
  readonly logFile?: string;
  /** Keep running when the starting process ends. Default false: it dies with its starter. */
  readonly outlive?: boolean;
};

/** The options with nothing left out. */
export type CheckedChainOptions = Required<
  Omit<ChainOptions, "port" | "stateDir" | "logFile" | "blocksKept">
> &
  Pick<ChainOptions, "port" | "stateDir" | "logFile" | "blocksKept">;

const MAX_ACCOUNTS = 1_000;
const MAX_BLOCK_TIME_MS = 3_600_000;
const DEFAULT_GAS_PER_BLOCK = 1_000_000_000;

const inRange = (name: string, value: number, low: number, high: number): number => {
  if (Number.isSafeInteger(value) && value >= low && value <= high) return value;
  throw new CodedError("devnet.option.bad", { option: name, value, low, high });
};

/** Fills in defaults and checks ranges. Throws devnet.option.bad. */
export const checkChainOptions = (options: ChainOptions): CheckedChainOptions => {
  const { blockTimeMs } = options;
  return {
    ...options,
    chainId: inRange("chainId", options.chainId, 1, 2 ** 31 - 1),
    blockTimeMs:
      blockTimeMs === null ? null : inRange("blockTimeMs", blockTimeMs, 10, MAX_BLOCK_TIME_MS),
    accounts: inRange("accounts", options.accounts ?? 10, 1, MAX_ACCOUNTS),
    slotsInAnEpoch: inRange("slotsInAnEpoch", options.slotsInAnEpoch ?? 1, 1, 1_000),
    gasLimit: inRange("gasLimit", options.gasLimit ?? DEFAULT_GAS_PER_BLOCK, 1_000_000, 1e12),
    statesKept: inRange("statesKept", options.statesKept ?? 128, 0, 100_000),
    outlive: options.outlive ?? false,
  };
};
