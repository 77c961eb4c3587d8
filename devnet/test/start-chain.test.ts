import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";

import { devAccounts, startChain, type ChainKind } from "../src/index.ts";
import { createPublicClient, createWalletClient, defineChain, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";

const anvil = process.arch === "x64" ? false : "anvil has no npm package for this processor";
const gone = (pid: number): boolean => !existsSync(`/proc/${pid}`);

const clients = (url: string, id: number) => {
  const chain = defineChain({
    id,
    name: "dev",
    nativeCurrency: { name: "ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [url] } },
  });
  const [first] = devAccounts(1);
  return {
    reader: createPublicClient({ chain, transport: http(url), pollingInterval: 20 }),
    writer: createWalletClient({
      chain,
      transport: http(url),
      account: privateKeyToAccount(first!.privateKey),
    }),
  };
};

for (const kind of ["anvil", "ganache"] satisfies ChainKind[]) {
  const options = { skip: kind === "anvil" ? anvil : false, timeout: 60_000 };

  test(`${kind} mines a transaction of a development account at once and stops without trace`, options, async () => {
    const chain = await startChain({ kind, chainId: 4242, blockTimeMs: null, accounts: 12 });
    try {
      const { reader, writer } = clients(chain.url, 4242);
      const accounts = await reader.request({ method: "eth_accounts" as never });
      assert.deepEqual(
        (accounts as unknown as string[]).map((one) => one.toLowerCase()),
        devAccounts(12).map(({ address }) => address.toLowerCase()),
      );
      const hash = await writer.sendTransaction({ to: devAccounts(2)[1]!.address, value: 1n });
      const receipt = await reader.waitForTransactionReceipt({ hash });
      assert.equal(receipt.status, "success");
      const block = await reader.getBlock({ blockNumber: receipt.blockNumber });
      assert.equal(block.gasLimit, 1_000_000_000n);
    } finally {
      await chain.stop();
    }
    assert.ok(gone(chain.pid));
  });

  test(`${kind} mines by time when it is given a block time`, options, async () => {
    const chain = await startChain({ kind, chainId: 7, blockTimeMs: 200 });
    try {
      const { reader } = clients(chain.url, 7);
      const { promise, resolve } = Promise.withResolvers<undefined>();
      const stop = reader.watchBlockNumber({
        onBlockNumber: (number) => {
          if (number >= 2n) resolve(undefined);
        },
      });
      await promise;
      stop();
    } finally {
      await chain.stop();
    }
  });
}

test("Ganache mines every transaction of accounts that send while it mines", { timeout: 60_000 }, async () => {
  const chain = await startChain({ kind: "ganache", chainId: 8, blockTimeMs: null });
  try {
    const { reader } = clients(chain.url, 8);
    const [to, ...senders] = devAccounts(5);
    // Storage writes until the gas is used up: blocks that take a while.
    const data = "0x6000545b60010180805560005600";
    const call = async (method: string, params: readonly unknown[]): Promise<unknown> => reader.request({ method: method as never, params: params as never });
    const stuck = new Promise((resolve) => setTimeout(resolve, 20_000).unref());
    await Promise.all(
      senders.map(async ({ address }, at) => {
        const fees = at % 2 === 0 ? { gasPrice: "0xee6b2800" } : { maxFeePerGas: "0x77359400", maxPriorityFeePerGas: "0x1" };
        for (let nonce = 0; nonce < 12; nonce += 1) {
          const tx = { from: address, nonce: `0x${nonce.toString(16)}`, gas: "0xc3500", ...fees, ...(nonce % 2 === 0 ? { data } : { to: to!.address }) };
          await Promise.race([call("eth_sendTransaction", [tx]).catch(() => undefined), stuck]);
        }
      }),
    );
    const counts = await Promise.all(senders.map(async ({ address }) => reader.getTransactionCount({ address })));
    assert.deepEqual(counts, senders.map(() => 12));
  } finally {
    await chain.stop();
  }
});

test("a chain that cannot listen on its port fails with a code", { timeout: 30_000 }, async () => {
  const first = await startChain({ kind: "ganache", chainId: 5, blockTimeMs: null });
  const port = Number(new URL(first.url).port);
  await assert.rejects(startChain({ kind: "ganache", chainId: 6, blockTimeMs: null, port }), {
    code: "devnet.chain.failed",
  });
  await first.stop();
});

test("an option out of range is refused before anything starts", async () => {
  await assert.rejects(startChain({ kind: "anvil", chainId: 0, blockTimeMs: null }), {
    code: "devnet.option.bad",
  });
});
