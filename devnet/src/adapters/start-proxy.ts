import process from "node:process";
import { fileURLToPath } from "node:url";

import { CodedError } from "@crossguardian/kernel";

import {
  type ProxyCounts,
  type ProxyMode,
  type ProxyModeName,
  type ProxyOrder,
  type ProxyReport,
} from "../proxy/mode.ts";
import { spawnBound, stopChild } from "./spawn-bound.ts";

const ANSWER_DEADLINE_MS = 20_000;
const PROXY_MAIN = fileURLToPath(new URL("../proxy-main.ts", import.meta.url));

/** Either `count` proxies before one node, or one proxy before each node listed; all in one process. */
export type ProxyOptions = { readonly outlive?: boolean } & (
  | { readonly upstream: string; readonly count: number }
  | { readonly upstreams: readonly string[] }
);

/** Proxies that answer. */
export type DevProxies = {
  readonly urls: readonly string[];
  readonly wsUrls: readonly string[];
  readonly pid: number;
  /** Changes what proxy number `proxy` does; open connections of it end (in stall they fall silent). */
  readonly set: (proxy: number, mode: ProxyMode | ProxyModeName) => Promise<void>;
  readonly counts: () => Promise<readonly ProxyCounts[]>;
  readonly stop: () => Promise<void>;
};

type Unnumbered<T> = T extends unknown ? Omit<T, "call"> : never;

/**
 * Starts JSON-RPC proxies on free ports of 127.0.0.1; each serves HTTP and WebSocket and starts in mode pass.
 * Errors: devnet.proxy.failed, devnet.proxy.unknown, devnet.upstream.failed.
 */
export const startProxy = async (options: ProxyOptions): Promise<DevProxies> => {
  const upstreams =
    "upstreams" in options
      ? options.upstreams
      : Array.from({ length: options.count }, () => options.upstream);
  const child = spawnBound({
    command: process.execPath,
    args: [PROXY_MAIN, ...upstreams],
    stdio: ["ignore", "ignore", options.outlive === true ? "ignore" : "inherit", "ipc"],
    outlive: options.outlive ?? false,
    deathSignal: "KILL",
  });
  let calls = 0;

  const next = async (wanted: (report: ProxyReport) => boolean): Promise<ProxyReport> => {
    const { promise, resolve, reject } = Promise.withResolvers<ProxyReport>();
    const heard = (report: ProxyReport): void => {
      if (wanted(report)) resolve(report);
    };
    const lost = (): void => reject(new CodedError("devnet.proxy.failed", { exit: child.exitCode ?? "none" }));
    const late = setTimeout(lost, ANSWER_DEADLINE_MS);
    child.on("message", heard).once("exit", lost).once("error", lost);
    return promise.finally(() => {
      clearTimeout(late);
      child.off("message", heard).off("exit", lost).off("error", lost);
    });
  };

  const order = async (what: Unnumbered<ProxyOrder>): Promise<ProxyReport> => {
    calls += 1;
    const call = calls;
    const answer = next((report) => report.report !== "listening" && report.call === call);
    child.send({ ...what, call }, () => undefined);
    const said = await answer;
    if (said.report === "failed") throw new CodedError("devnet.upstream.failed", { why: said.why });
    return said;
  };

  const first = await next((report) => report.report === "listening").catch(async (failed: unknown) => {
    await stopChild(child);
    throw failed;
  });
  if (first.report !== "listening" || child.pid === undefined) throw new Error("proxies without ports");
  if (options.outlive === true) child.channel?.unref();
  return {
    urls: first.ports.map((port) => `http://127.0.0.1:${port}`),
    wsUrls: first.ports.map((port) => `ws://127.0.0.1:${port}`),
    pid: child.pid,
    set: async (proxy, mode) => {
      if (upstreams[proxy] === undefined) throw new CodedError("devnet.proxy.unknown", { proxy });
      await order({ order: "set", proxy, mode: typeof mode === "string" ? { kind: mode } : mode });
    },
    counts: async () => {
      const said = await order({ order: "count" });
      return said.report === "counts" ? said.counts : [];
    },
    stop: async () => stopChild(child),
  };
};
