import { DEV_MNEMONIC } from "./accounts.ts";
import { type CheckedChainOptions } from "./chain-options.ts";

const BALANCE_ETHER = 1_000_000_000;
const MS_PER_SECOND = 1_000;

const blockTime = (options: CheckedChainOptions, flag: string): readonly string[] =>
  options.blockTimeMs === null ? [] : [flag, String(options.blockTimeMs / MS_PER_SECOND)];

/** Arguments of anvil. First in, first out, so that pre-signed batches land in the order sent. */
export const anvilArguments = (options: CheckedChainOptions, port: number): readonly string[] => [
  ...["--host", "127.0.0.1", "--port", String(port)],
  ...["--chain-id", String(options.chainId)],
  ...["--mnemonic", DEV_MNEMONIC, "--accounts", String(options.accounts)],
  ...["--balance", String(BALANCE_ETHER)],
  ...["--gas-limit", String(options.gasLimit)],
  ...["--block-base-fee-per-gas", "0"],
  ...["--slots-in-an-epoch", String(options.slotsInAnEpoch)],
  ...["--order", "fifo"],
  ...["--prune-history", ...(options.statesKept === 0 ? [] : [String(options.statesKept)])],
  ...(options.blocksKept === undefined
    ? []
    : ["--transaction-block-keeper", String(options.blocksKept)]),
  ...["--no-request-size-limit", "--disable-console-log", "--quiet"],
  ...blockTime(options, "--block-time"),
];

/** What Ganache is started with. */
export type GanacheOptions = {
  readonly host: string;
  readonly port: number;
  readonly chain: { readonly chainId: number; readonly networkId: number };
  readonly wallet: { readonly mnemonic: string; readonly totalAccounts: number; readonly defaultBalance: number };
  /** `blockTime` in seconds; 0 mines each transaction at once. */
  readonly miner: { readonly blockGasLimit: number; readonly blockTime: number };
  readonly logging: { readonly quiet: true };
  readonly database?: { readonly dbPath: string };
};

/** Options of Ganache. Its base fee starts at 1 gwei and falls with every block; ask the chain for it. */
export const ganacheOptions = (options: CheckedChainOptions, port: number): GanacheOptions => ({
  host: "127.0.0.1",
  port,
  chain: { chainId: options.chainId, networkId: options.chainId },
  wallet: { mnemonic: DEV_MNEMONIC, totalAccounts: options.accounts, defaultBalance: BALANCE_ETHER },
  miner: { blockGasLimit: options.gasLimit, blockTime: (options.blockTimeMs ?? 0) / MS_PER_SECOND },
  logging: { quiet: true },
  ...(options.stateDir === undefined ? {} : { database: { dbPath: options.stateDir } }),
});

/** Options as the starter wrote them. */
export const readGanacheOptions = (text: string): GanacheOptions => JSON.parse(text) as GanacheOptions; // written by chainProgram
