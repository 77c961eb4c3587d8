import { keyHashOf, payToKey, publicKeyOf, signSpend } from "@crossguardian/devnet";
import { CodedError, fromHex, to0x } from "@crossguardian/kernel";
import { payloadScript } from "@crossguardian/proof";
import { payToProgram, poolProgram, poolSettings } from "@crossguardian/utxo";
import { decodeMessage } from "@crossguardian/wire";

import { vaultOf } from "../../world.ts";
import { type ChainAccess, type ChainSender } from "../chain-access.ts";
import { type ForeignKind } from "../foreign-chain.ts";
import { openUtxoNode } from "./open-node.ts";
import { makePoolHistory } from "./pool-history.ts";

const LOCK_AMOUNT = 50_000n;
const USER_FEE = 1_000n;
const DUST = 1_000n;
const SUCCESS = 3;
const COIN_DEADLINE_MS = 30_000;
const LOOK_MS = 200;
const NOBODY = new Uint8Array(20);

/** Opens a UTXO chain to users and the oracle: everything is read out of its blocks. */
export const openUtxo: ForeignKind["open"] = ({ plan, powers, users }): ChainAccess => {
  const settings = decodeMessage(poolSettings, plan.foreign?.pluginSettings ?? new Uint8Array(0));
  if (!settings.ok) throw new CodedError("cli.world.damaged", { field: `pool of chain ${plan.name}` });
  const pool = settings.value;
  const node = openUtxoNode(powers.crypto, plan.url, plan.genesisHash);
  const history = makePoolHistory(node, powers.crypto.sha256, powers.hashes, pool);
  const spent = new Set<string>();
  const peerOf = (chain: string): number => pool.peers.findIndex(({ service }) => service === vaultOf(chain));

  const coinFor = async (script: Uint8Array, least: bigint): Promise<{ readonly txid: Uint8Array; readonly vout: number; readonly value: bigint }> => {
    const until = performance.now() + COIN_DEADLINE_MS;
    for (;;) {
      await history.upTo(await node.tip());
      const coin = history.coinsOf(script).find(({ txid, vout, value }) => value >= least && !spent.has(`${to0x(txid)}:${String(vout)}`));
      if (coin !== undefined) {
        spent.add(`${to0x(coin.txid)}:${String(coin.vout)}`);
        return coin;
      }
      if (performance.now() > until) throw new CodedError("cli.transfer.poor", { account: to0x(script), amount: least });
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  };

  const senderOf = (lane: number): ChainSender => {
    const user = users[lane % users.length];
    const [first] = users;
    if (user === undefined || first === undefined) throw new Error("no user account");
    const key = fromHex(user.privateKey);
    const own = payToKey(publicKeyOf(key));
    const lock = async (to: string, receiver: Uint8Array, timeoutMs: bigint): Promise<string> => {
      const value = LOCK_AMOUNT + 2n * pool.feeSats;
      const coin = await coinFor(own, value + USER_FEE + DUST);
      const payload = payloadScript({ type: "lock", peer: peerOf(to), timeoutS: Number(timeoutMs / 1_000n), receiver, refund: keyHashOf(publicKeyOf(key)) });
      const change = coin.value - value - USER_FEE;
      const signed = signSpend(powers.crypto, key, [coin], [
        { value, script: payToProgram(poolProgram(powers.crypto.sha256, pool.script)) },
        { value: 0n, script: payload },
        { value: change, script: own },
      ]);
      await node.send(signed.raw);
      return to0x(signed.txid);
    };
    return {
      asset: async (to, timeoutMs) => lock(to, fromHex(first.address), timeoutMs),
      refusedAsset: async (to, timeoutMs) => lock(to, NOBODY, timeoutMs),
      data: null,
    };
  };

  return {
    name: plan.name,
    kind: "utxo",
    head: node.tip,
    events: async (from, to) => {
      await history.upTo(to);
      return history.steps.map(({ event }) => event).filter(({ block }) => block >= from && block <= to);
    },
    effects: async (from, to) => {
      await history.upTo(to);
      return history.steps.filter(({ event, payment }) => event.event === "Receipt" && payment > 0n && event.block >= from && event.block <= to).map(({ event }) => ({ from: event.from, index: event.index }));
    },
    supply: async (peer) => {
      await history.upTo(await node.tip());
      const mine = history.steps.filter((step) => step.peer === peerOf(peer));
      const locked = mine.reduce((sum, { event, amount, payment }) => {
        if (event.event === "Request") return sum + amount;
        if (event.event === "Settled") return event.status === SUCCESS ? sum : sum - payment;
        return event.status === SUCCESS ? sum - payment - pool.feeSats : sum;
      }, 0n);
      return { locked, circulating: 0n };
    },
    sender: senderOf,
  };
};
