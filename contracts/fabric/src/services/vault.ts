import { concatBytes, equalBytes, toHex } from "@crossguardian/kernel";
import { wordOf, wordOfBytes } from "@crossguardian/protocol";
import { bool, fixed, hash32, struct, TX_STATUS } from "@crossguardian/wire";
import { type Call, type Service } from "../call.ts";
import { request, STATE, stateOf } from "../gateway/source.ts";
import { indexKey, makeTable, pairKey } from "../gateway/store.ts";
import { demand, Refusal } from "../refusal.ts";
import { movedLog } from "./vault-events.ts";
import { makeEndpoint } from "./endpoint.ts";
import { HOME_TOKEN, mint, move, wrappedToken } from "./token.ts";

/** Name of the vault in registrations. */
export const VAULT = "vault";
/** Largest amount of one transfer, as in Vault.sol. */
export const MAX_AMOUNT = (1n << 88n) - 1n;

const PRIORITY = 0;
const ACCOUNT_BYTES = 20;
const NOTHING = new Uint8Array(0);
const endpoint = makeEndpoint(VAULT);
const pending = makeTable("vault/pending/", struct({ owner: fixed(ACCOUNT_BYTES), amount: hash32, burned: bool }));
const locked = makeTable("vault/locked/", struct({ amount: hash32 }));

const numberOf = (word: Uint8Array): bigint => BigInt(`0x${toHex(word)}`);
/** The vault's own account: what it holds is locked. */
const vaultAccount = ({ powers }: Call): Uint8Array => powers.hashes.keccak256(concatBytes([new TextEncoder().encode("CrossGuardian.vault.v1")])).slice(-ACCOUNT_BYTES);

/** Home tokens locked for a peer. */
export const lockedFor = async ({ ledger }: Call, peer: Uint8Array): Promise<bigint> => numberOf((await locked.get(ledger, toHex(peer)))?.amount ?? wordOf(0));

const setLocked = ({ ledger }: Call, peer: Uint8Array, amount: bigint): void => {
  locked.put(ledger, toHex(peer), { amount: wordOf(amount) });
};

/** Lists a vault of another chain. */
export const listVaultPeer = async (call: Call, peer: Uint8Array): Promise<void> => {
  await endpoint.requireAdmin(call);
  endpoint.list(call, peer);
};

/** Whether it is listed. */
export const isVaultPeer = endpoint.isPeer;

/** Ends the admin's powers for ever. */
export const sealVault = endpoint.seal;

/** A transfer to another chain; the receiver is an account there, 20 bytes. */
export type Transfer = { readonly to: Uint8Array; readonly receiver: Uint8Array; readonly amount: bigint; readonly timeoutMs: bigint };

const ask = async (call: Call, transfer: Transfer, func: string, burned: boolean): Promise<bigint> => {
  const { to, receiver, amount, timeoutMs } = transfer;
  demand(amount > 0n && amount <= MAX_AMOUNT, "AmountInvalid", { amount });
  demand(receiver.length === ACCOUNT_BYTES && receiver.some((byte) => byte !== 0), "ReceiverInvalid");
  const from = await endpoint.key(call);
  const index = await request(call, from, { to, timeoutMs, priority: PRIORITY }, func, [wordOfBytes(receiver), wordOf(amount)]);
  pending.put(call.ledger, indexKey(toHex(to), index), { owner: call.caller, amount: wordOf(amount), burned });
  return index;
};

/** Locks home tokens and asks the peer to mint as many for receiver. */
export const lock = async (call: Call, transfer: Transfer): Promise<bigint> => {
  await endpoint.requirePeer(call, transfer.to);
  demand(transfer.amount > 0n, "AmountInvalid", { amount: transfer.amount });
  await move(call, HOME_TOKEN, call.caller, vaultAccount(call), transfer.amount);
  const index = await ask(call, transfer, "mint", false);
  setLocked(call, transfer.to, (await lockedFor(call, transfer.to)) + transfer.amount);
  return index;
};

/** Burns the peer's wrapped tokens and asks it to release as many of its own to receiver. */
export const burn = async (call: Call, transfer: Transfer): Promise<bigint> => {
  await endpoint.requirePeer(call, transfer.to);
  demand(transfer.amount > 0n, "AmountInvalid", { amount: transfer.amount });
  await mint(call, wrappedToken(transfer.to), call.caller, -transfer.amount);
  return ask(call, transfer, "release", true);
};

const unlock = async (call: Call, peer: Uint8Array, receiver: Uint8Array, amount: bigint): Promise<void> => {
  const held = await lockedFor(call, peer);
  demand(held >= amount, "LockedTooLittle", { locked: held, needed: amount });
  setLocked(call, peer, held - amount);
  await move(call, HOME_TOKEN, vaultAccount(call), receiver, amount);
};

const close = async (call: Call, to: Uint8Array, index: bigint, isRefund: boolean): Promise<void> => {
  const key = indexKey(toHex(to), index);
  const record = await pending.get(call.ledger, key);
  if (record === null) throw new Refusal("NothingPending");
  pending.remove(call.ledger, key);
  if (!isRefund) return;
  const amount = numberOf(record.amount);
  if (record.burned) await mint(call, wrappedToken(to), record.owner, amount);
  else await unlock(call, to, record.owner, amount);
};

/** Does what onReceipt could not, from the settled state of the gateway. Anyone may call; the refund goes to its owner. */
export const claimRefund = async (call: Call, to: Uint8Array, index: bigint): Promise<void> => {
  const state = await stateOf(call, pairKey(await endpoint.key(call), to), index);
  demand(state !== STATE.pending, "NotSettled");
  await close(call, to, index, state === STATE.rolledBack);
};

const readArgs = (args: readonly Uint8Array[]): { readonly receiver: Uint8Array; readonly amount: bigint } => {
  const [account, amount, ...rest] = args;
  const isShort = account?.length === 32 && account.subarray(0, 12).every((byte) => byte === 0);
  if (account === undefined || !isShort || amount?.length !== 32 || rest.length > 0) throw new Refusal("ArgumentsInvalid");
  const receiver = account.slice(12);
  demand(!equalBytes(receiver, new Uint8Array(ACCOUNT_BYTES)), "ReceiverInvalid");
  return { receiver, amount: numberOf(amount) };
};

/** Moves tokens between chains (Vault.sol): lock and release of the home token, mint and burn of one wrapped token per peer. */
export const vault: Service = {
  onRequest: async (call, from, index, func, args) => {
    await endpoint.requirePeer(call, from);
    const { receiver, amount } = readArgs(args);
    if (func === "mint") {
      await mint(call, wrappedToken(from), receiver, amount);
      call.ledger.emit(movedLog(call, "Minted", { from, index, receiver, amount }));
    } else if (func === "release") {
      await unlock(call, from, receiver, amount);
      call.ledger.emit(movedLog(call, "Released", { from, index, receiver, amount }));
    } else throw new Refusal("UnknownFunction");
    return NOTHING;
  },
  onReceipt: async (call, to, index, status) => {
    await close(call, to, index, status !== TX_STATUS.success);
  },
};
