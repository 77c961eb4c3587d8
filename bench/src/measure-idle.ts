import { awaitReceipts, lockDraft, makeSenders, percentile, type World } from "@crossguardian/world";
import { gatewayAbi } from "@crossguardian/contracts-evm";
import { encodeEventTopics } from "viem";

/** Latency of single transfers, one at a time: request sent to commit seen on the source chain. */
export type Idle = { readonly p50Ms: number; readonly p99Ms: number; readonly samples: number };

const POLL_MS = 3;
const ONE_DEADLINE_MS = 15_000;

/** Sends `samples` transfers one after the other between the first chains of two gateways. The chains mine at once, depth 0. */
export const measureIdle = async (world: World, samples: number): Promise<Idle> => {
  const [from, to] = world.topology.gateways.map((gateway) => gateway.chains[0] ?? "");
  if (from === undefined || to === undefined) throw new Error("two gateways are needed");
  const sender = makeSenders(world, 0).get(from);
  const rpc = world.rpcs.get(from);
  const gateway = world.deployments.get(from)?.gateway;
  if (sender === undefined || rpc === undefined || gateway === undefined) throw new Error(`no chain ${from}`);
  const [topic] = encodeEventTopics({ abi: gatewayAbi, eventName: "Settled" });
  const latencies: number[] = [];
  for (let at = 0; at < samples; at += 1) {
    const started = performance.now();
    const [hash] = await sender.send([lockDraft(world, from, to)]);
    if (hash === undefined) throw new Error("nothing was sent");
    const [receipt] = await awaitReceipts(rpc, [hash]);
    const fromBlock = receipt?.blockNumber ?? "0x0";
    for (;;) {
      const logs = await rpc.call<readonly unknown[]>("eth_getLogs", [{ address: gateway, fromBlock, topics: [topic] }]);
      if (logs.length > 0) break;
      if (performance.now() - started > ONE_DEADLINE_MS) throw new Error("a single transfer was not settled in time");
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    latencies.push(performance.now() - started);
  }
  const sorted = latencies.slice(Math.min(5, Math.floor(samples / 4))).sort((left, right) => left - right);
  return { p50Ms: percentile(sorted, 50), p99Ms: percentile(sorted, 99), samples: sorted.length };
};
