import { DEV_MNEMONIC } from "./accounts.ts";
import { type CheckedChainOptions } from "./chain-options.ts";

const BALANCE_ETHER = "1000000000";
const MS_PER_SECOND = 1_000;

const blockTime = (options: CheckedChainOptions, flag: string): readonly string[] =>
  options.blockTimeMs === null ? [] : [flag, String(options.blockTimeMs / MS_PER_SECOND)];

/** Arguments of anvil. First in, first out, so that pre-signed batches land in the order sent. */
export const anvilArguments = (options: CheckedChainOptions, port: number): readonly string[] => [
  ...["--host", "127.0.0.1", "--port", String(port)],
  ...["--chain-id", String(options.chainId)],
  ...["--mnemonic", DEV_MNEMONIC, "--accounts", String(options.accounts)],
  ...["--balance", BALANCE_ETHER],
  ...["--gas-limit", String(options.gasLimit)],
  ...["--block-base-fee-per-gas", "0"],
  ...["--slots-in-an-epoch", String(options.slotsInAnEpoch)],
  ...["--order", "fifo"],
  ...["--prune-history", String(options.statesKept)],
  ...(options.blocksKept === undefined
    ? []
    : ["--transaction-block-keeper", String(options.blocksKept)]),
  ...["--no-request-size-limit", "--disable-console-log", "--quiet"],
  ...blockTime(options, "--block-time"),
];

/** Arguments of Ganache. Its base fee starts at 1 gwei and falls with every block; ask the chain for it. */
export const ganacheArguments = (options: CheckedChainOptions, port: number): readonly string[] => [
  ...["--server.host", "127.0.0.1", "--server.port", String(port)],
  ...["--chain.chainId", String(options.chainId), "--chain.networkId", String(options.chainId)],
  ...["--wallet.mnemonic", DEV_MNEMONIC, "--wallet.totalAccounts", String(options.accounts)],
  ...["--wallet.defaultBalance", BALANCE_ETHER],
  ...["--miner.blockGasLimit", `0x${options.gasLimit.toString(16)}`],
  ...["--logging.quiet", "true"],
  ...(options.stateDir === undefined ? [] : ["--database.dbPath", options.stateDir]),
  ...blockTime(options, "--miner.blockTime"),
];
