import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { encodeAbiParameters, type Hex } from "viem";
import { loadArtifacts } from "../src/load-artifacts.ts";
import type { Contract } from "./support/anvil.ts";
import { serviceKey, STATUS } from "./support/oracle.ts";
import { errorSelector } from "./support/selector.ts";
import {
  balances, CALL_GAS, cancel, execute, makeRequest, receiptsOf, requestsOf, settle, startWorld, testContract, TIMEOUT_MS, type World,
} from "./support/world.ts";

let world: World;
before(async () => { world = await startWorld(); });
beforeEach(async () => { await world.reset(); });
after(async () => { await world.stop(); });

const user = (): Hex => world.a.chain.accounts[0] as Hex;
const receiver = (): Hex => world.a.chain.accounts[3] as Hex;
const words = (to: Hex, amount: bigint): Hex[] => [
  encodeAbiParameters([{ type: "address" }], [to]), encodeAbiParameters([{ type: "uint256" }], [amount]),
];

/** A vault of chain A over another token, paired with the vault of chain B. */
async function vaultOver(name: string): Promise<{ token: Contract; vault: Contract; key: Hex }> {
  const { a, b } = world;
  const token = await a.chain.deploy(testContract(name));
  const vault = await a.chain.deploy(loadArtifacts().Vault, [a.gateway.address, user(), token.address]);
  const key = serviceKey(`1:a:${name}`);
  await a.govern([
    a.gateway.data("registerLocalService", [`1:a:${name}`, vault.address, CALL_GAS, false, true]),
    a.gateway.data("allowPair", [key, b.keys.vault]),
    a.gateway.data("allowPair", [b.keys.vault, key]),
  ]);
  await b.govern([
    b.gateway.data("registerRemoteService", [`1:a:${name}`, a.target.chain, a.target.account]),
    b.gateway.data("allowPair", [key, b.keys.vault]),
  ]);
  await vault.done("listPeer", [b.keys.vault, "W", "W"]);
  await b.vault.done("listPeer", [key, "W", "W"]);
  await token.done("mint", [user(), 10_000n]);
  return { token, vault, key };
}

test("amount zero, too large, or beyond the balance is refused, and so is a receiver of zero", async () => {
  const { a, b } = world;
  const refusal = (to: Hex, amount: bigint) => a.vault.refusal("lock", [b.keys.vault, to, amount, TIMEOUT_MS]);
  assert.equal(await refusal(receiver(), 0n), "AmountInvalid");
  assert.equal(await refusal(receiver(), 10n ** 25n), "TransferFailed");
  assert.equal(await refusal(`0x${"00".repeat(20)}`, 1n), "ReceiverInvalid");
  await a.token.done("mint", [user(), 2n ** 90n]);
  assert.equal(await refusal(receiver(), 2n ** 88n), "AmountInvalid");
  assert.equal(await a.vault.refusal("lock", [b.keys.data, receiver(), 1n, TIMEOUT_MS]), "NotPeer");
  assert.equal(await a.vault.refusal("burn", [b.keys.data, receiver(), 1n, TIMEOUT_MS]), "NotPeer");
  assert.notEqual(await a.vault.refusal("burn", [b.keys.vault, receiver(), 1n, TIMEOUT_MS]), null);
});

test("only the admin lists peers, and nobody once sealed", async () => {
  const { a } = world;
  const list = ["listPeer", [serviceKey("x"), "W", "W"]] as const;
  assert.equal(await a.vault.refusal(...list, { sender: 2 }), "NotAdmin");
  assert.equal(await a.vault.refusal("seal", [], { sender: 2 }), "NotAdmin");
  await a.vault.done("seal", []);
  assert.equal(await a.vault.refusal(...list), "IsSealed");
  assert.equal(await a.data.refusal("listPeer", [serviceKey("x")], { sender: 2 }), "NotAdmin");
  assert.equal(await a.data.refusal("set", ["0x01", "0x02"], { sender: 2 }), "NotAdmin");
  assert.equal(await a.token.refusal("mint", [user(), 1n], { sender: 2 }), "NotMinter");
});

test("a peer releases no more than what was locked for it, though others locked more", async () => {
  const { a, b } = world;
  await a.vault.done("lock", [b.keys.vault, receiver(), 100n, TIMEOUT_MS]);
  await a.govern([
    a.gateway.data("registerRemoteService", ["1:c:vault", b.target.chain, b.target.account]),
    a.gateway.data("allowPair", [serviceKey("1:c:vault"), a.keys.vault]),
  ]);
  await a.vault.done("listPeer", [serviceKey("1:c:vault"), "C", "C"]);
  const release = (from: Hex, index: bigint, amount: bigint) =>
    makeRequest(b.target, from, a.keys.vault, index, { func: "release", args: words(receiver(), amount) });
  const thief = receiptsOf((await execute(a, [release(serviceKey("1:c:vault"), 1n, 1n)])).events);
  assert.equal(thief[0]?.facts.status, STATUS.failure);
  assert.ok(thief[0].result.startsWith(errorSelector(a.vault.abi, "LockedTooLittle")));
  const owner = receiptsOf((await execute(a, [release(b.keys.vault, 1n, 101n), release(b.keys.vault, 2n, 100n)])).events);
  assert.deepEqual(owner.map(({ facts }) => facts.status), [STATUS.failure, STATUS.success]);
});

test("arguments that are not two words, or a dirty address, are a FAILURE", async () => {
  const { a, b } = world;
  const [to, amount] = words(receiver(), 5n) as [Hex, Hex];
  const shapes: Hex[][] = [[], [to], [to, amount, amount], [receiver(), amount], [to, "0x05"], [`0x01${to.slice(4)}`, amount], words(`0x${"00".repeat(20)}`, 5n)];
  const asked = shapes.map((args, i) => makeRequest(a.target, a.keys.vault, b.keys.vault, BigInt(i + 1), { func: "mint", args }));
  const receipts = receiptsOf((await execute(b, asked)).events);
  assert.deepEqual(receipts.map(({ facts }) => facts.status), shapes.map(() => STATUS.failure));
  assert.equal((await balances(b, a, receiver())).wrappedSupply, 0n);
});

test("wrapped tokens are made and destroyed by their vault only", async () => {
  const { a, b } = world;
  const address = (await b.vault.read("wrapped", [a.keys.vault])) as Hex;
  const { abi } = loadArtifacts().WrappedToken;
  const forged = await b.chain.deploy(loadArtifacts().WrappedToken, ["W", "W"]);
  for (const name of ["mint", "burn"]) {
    const data = forged.data(name, [user(), 1n]);
    await assert.rejects(b.chain.rpc("eth_call", [{ from: b.chain.accounts[2], to: address, data }, "latest"]), new RegExp(errorSelector(abi, "NotVault")));
  }
});

test("a token that keeps a fee is counted by what really arrives", async () => {
  const { vault, key } = await vaultOver("FeeToken");
  const { a, b } = world;
  const asked = requestsOf(a, (await vault.done("lock", [b.keys.vault, receiver(), 1000n, TIMEOUT_MS])).events);
  assert.deepEqual(asked[0]?.body.args, words(receiver(), 900n));
  assert.equal(await vault.read("lockedFor", [b.keys.vault]), 900n);
  assert.equal(asked[0].facts.from, key);
});

test("a token that answers nothing is locked and refunded", async () => {
  const { vault, token } = await vaultOver("SilentToken");
  const { a, b } = world;
  const asked = requestsOf(a, (await vault.done("lock", [b.keys.vault, receiver(), 1000n, TIMEOUT_MS])).events);
  await settle(a, receiptsOf((await cancel(b, asked)).events));
  assert.equal(await token.read("balanceOf", [user()]), 10_000n);
});

test("a token with a hook cannot have one deposit counted twice", async () => {
  const { vault, token } = await vaultOver("HookToken");
  const { b } = world;
  await token.done("mint", [token.address, 100n]);
  await token.done("setHook", [vault.address, vault.data("lock", [b.keys.vault, receiver(), 100n, TIMEOUT_MS])]);
  await vault.done("lock", [b.keys.vault, receiver(), 1000n, TIMEOUT_MS]);
  assert.equal(await token.read("hookDone"), false);
  assert.equal(await vault.read("lockedFor", [b.keys.vault]), 1000n);
});

test("a refund whose callback failed stays claimable, once, for its owner", async () => {
  const { vault, token } = await vaultOver("HookToken");
  const { a, b } = world;
  const asked = requestsOf(a, (await vault.done("lock", [b.keys.vault, receiver(), 1000n, TIMEOUT_MS])).events);
  const receipts = receiptsOf((await cancel(b, asked)).events);
  await token.done("setRefusing", [true]);
  const settled = await settle(a, receipts);
  assert.deepEqual(settled.events.map(({ name }) => name), ["Settled", "CallbackFailed"]);
  assert.equal(await vault.refusal("claimRefund", [b.keys.vault, 1n]), "TransferFailed");
  await token.done("setRefusing", [false]);
  await vault.done("claimRefund", [b.keys.vault, 1n], { sender: 2 });
  assert.equal(await token.read("balanceOf", [user()]), 10_000n);
  assert.equal(await vault.refusal("claimRefund", [b.keys.vault, 1n]), "NothingPending");
});
