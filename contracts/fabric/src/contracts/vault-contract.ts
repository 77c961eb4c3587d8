import { type Context, Contract } from "fabric-contract-api";
import { equalBytes, toHex } from "@crossguardian/kernel";
import { keyFromHex } from "../gateway/governed.ts";
import { demand } from "../refusal.ts";
import { balanceOf, HOME_TOKEN, mint, move, totalSupply, wrappedToken } from "../services/token.ts";
import { burn, claimRefund, isVaultPeer, listVaultPeer, lock, lockedFor, sealVault, type Transfer } from "../services/vault.ts";
import { bytesArg, numberArg } from "./arguments.ts";
import { look, transact } from "./open-call.ts";

const ACCOUNT_BYTES = 20;

const transferOf = (to: string, receiver: string, amount: string, timeoutMs: string): Transfer => ({
  to: keyFromHex(to),
  receiver: bytesArg(receiver, ACCOUNT_BYTES),
  amount: numberArg(amount),
  timeoutMs: numberArg(timeoutMs),
});

/** "home", or the token of a peer by the peer's key. */
const tokenOf = (name: string): string => (name === HOME_TOKEN ? HOME_TOKEN : wrappedToken(keyFromHex(name)));

/** Transactions of the vault and its tokens. */
export class VaultContract extends Contract {
  constructor() {
    super("vault");
  }

  async listPeer(ctx: Context, peer: string): Promise<void> {
    await transact(ctx, async (call) => listVaultPeer(call, keyFromHex(peer)));
  }

  async seal(ctx: Context): Promise<void> {
    await transact(ctx, sealVault);
  }

  /** Makes home tokens, for demonstrations; only the admin. */
  async mintHome(ctx: Context, account: string, amount: string): Promise<void> {
    await transact(ctx, async (call) => {
      demand(equalBytes(call.caller, call.terms.admin), "NotMinter");
      await mint(call, HOME_TOKEN, bytesArg(account, ACCOUNT_BYTES), numberArg(amount));
    });
  }

  async transfer(ctx: Context, token: string, to: string, amount: string): Promise<void> {
    await transact(ctx, async (call) => move(call, tokenOf(token), call.caller, bytesArg(to, ACCOUNT_BYTES), numberArg(amount)));
  }

  /** Answers the index of the request. */
  async lock(ctx: Context, to: string, receiver: string, amount: string, timeoutMs: string): Promise<string> {
    return transact(ctx, async (call) => (await lock(call, transferOf(to, receiver, amount, timeoutMs))).toString());
  }

  /** Answers the index of the request. */
  async burn(ctx: Context, to: string, receiver: string, amount: string, timeoutMs: string): Promise<string> {
    return transact(ctx, async (call) => (await burn(call, transferOf(to, receiver, amount, timeoutMs))).toString());
  }

  async claimRefund(ctx: Context, to: string, index: string): Promise<void> {
    await transact(ctx, async (call) => claimRefund(call, keyFromHex(to), numberArg(index)));
  }

  async balanceOf(ctx: Context, token: string, account: string): Promise<string> {
    return look(ctx, async (call) => (await balanceOf(call, tokenOf(token), bytesArg(account, ACCOUNT_BYTES))).toString());
  }

  async totalSupply(ctx: Context, token: string): Promise<string> {
    return look(ctx, async (call) => (await totalSupply(call, tokenOf(token))).toString());
  }

  async isPeer(ctx: Context, peer: string): Promise<string> {
    return look(ctx, async (call) => (await isVaultPeer(call, keyFromHex(peer))).toString());
  }

  async lockedFor(ctx: Context, peer: string): Promise<string> {
    return look(ctx, async (call) => (await lockedFor(call, keyFromHex(peer))).toString());
  }

  /** Account of who asks. */
  async account(ctx: Context): Promise<string> {
    return look(ctx, async (call) => Promise.resolve(toHex(call.caller)));
  }
}
