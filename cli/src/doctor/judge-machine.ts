import { type Facts } from "./facts.ts";
import { type Finding, finding } from "./finding.ts";

/** Share of the disk that should be free, and bytes that should be, whichever is more. */
export const LOW_DISK_SHARE = 0.05;
/** See {@link LOW_DISK_SHARE}. */
export const LOW_DISK_BYTES = 1024 * 1024 * 1024;
/** With less than this a log may not be written any more, in bytes. */
export const FULL_DISK_BYTES = 64 * 1024 * 1024;
/** As in plugins/evm: a balance that pays for fewer transactions of the largest gas is low. */
export const LOW_BALANCE_TRANSACTIONS = 100n;
/** Gas of a transaction with one call (plugins/evm, plan-transactions; world/src/house-specs.ts). */
const CALL_GAS = 570_000n;
const BYTES_PER_MIB = 1024 * 1024;
const WEI_PER_MILLIETHER = 1_000_000_000_000_000n;

const judgeDisk = ({ disk, nowMs }: Facts): readonly Finding[] => {
  if (disk === null) return [];
  const { path, freeBytes, totalBytes } = disk;
  const isFull = freeBytes < FULL_DISK_BYTES;
  if (!isFull && freeBytes >= Math.max(LOW_DISK_BYTES, LOW_DISK_SHARE * totalBytes)) return [];
  return [finding({
    severity: isFull ? "stuck" : "warning", code: isFull ? "doctor.disk.full" : "doctor.disk.low", subject: path, ageMs: null, detail: `${Math.trunc(freeBytes / BYTES_PER_MIB)} MiB free`,
    next: "an orderer or validator that cannot write its log ends (code 74) and is started again; nothing is signed that was not written", fix: "free space, or move the data folder; never delete a validator's votes.log",
  }, nowMs)];
};

const judgeAccounts = ({ chains, nowMs }: Facts): readonly Finding[] =>
  chains.chains.flatMap(({ name, account }) => {
    if (account === null || account.gasPriceWei === 0n) return [];
    const { address, balanceWei, gasPriceWei, maxGas } = account;
    const calls = balanceWei / (gasPriceWei * CALL_GAS);
    const transactions = balanceWei / (gasPriceWei * maxGas);
    if (transactions >= LOW_BALANCE_TRANSACTIONS) return [];
    const isEmpty = calls === 0n;
    const milli = balanceWei / WEI_PER_MILLIETHER;
    return [finding({
      severity: isEmpty ? "stuck" : "warning", code: isEmpty ? "doctor.account.empty" : "doctor.account.low", subject: `account ${address} on chain ${name}`, ageMs: null,
      detail: `${milli} thousandths of a coin pay for ${transactions} full transactions, or ${calls} with one call each, at the present gas price; ${LOW_BALANCE_TRANSACTIONS} full ones are wanted`,
      next: isEmpty ? "submissions are tried again and fail; transfers to this chain wait, and cannot be cancelled either, until it is paid" : "it goes on until the account is empty",
      fix: "./crossguardian contracts deploy --fund, or send coins to the address",
    }, nowMs)];
  });

/** The machine and the accounts that pay. */
export const judgeMachine = (facts: Facts): readonly Finding[] => [...judgeDisk(facts), ...judgeAccounts(facts)];
