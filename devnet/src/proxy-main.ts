import process from "node:process";

import { openProxy } from "./adapters/proxy-server.ts";
import { type ProxyOrder, type ProxyReport } from "./proxy/mode.ts";

const report = (value: ProxyReport): void => {
  process.send?.(value);
};

const proxies = await Promise.all(process.argv.slice(2).map(openProxy));

const obey = async (order: ProxyOrder): Promise<void> => {
  const { call } = order;
  if (order.order === "count") {
    report({ report: "counts", call, counts: proxies.map((proxy) => proxy.counts()) }); return;
  }
  try {
    await proxies[order.proxy]?.set(order.mode);
    report({ report: "set", call });
  } catch (failed) {
    report({ report: "failed", call, why: failed instanceof Error ? failed.message : "unknown" });
  }
};

process.on("message", (order: ProxyOrder) => void obey(order));
process.on("SIGTERM", () => process.exit(0));
report({ report: "listening", ports: proxies.map(({ port }) => port) });
