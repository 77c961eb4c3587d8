import { createServer, type Server } from "node:http";
import { chmodSync, rmSync } from "node:fs";

import { CodedError } from "@crossguardian/kernel";
import { type Command } from "commander";

import { type Context, examples, form, type InstanceOptions, withInstance } from "../context.ts";
import { findInstance, type InstanceRecord } from "../instance.ts";
import { exposition } from "../watch/exposition.ts";
import { readWatch } from "../watch/read-watch.ts";

const LISTEN = /^(127\.0\.0\.1:\d{1,5}|unix:\/[^\0]{1,100})$/u;
const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";
const REQUEST_DEADLINE_MS = 10_000;
const MAX_CONNECTIONS = 8;

type Options = InstanceOptions & { readonly listen?: string };

const read = async (record: InstanceRecord): Promise<string> => exposition(record.instance, await readWatch(record));

const listen = async (server: Server, where: string): Promise<void> => {
  const [host = "", port = ""] = where.split(":");
  const path = where.startsWith("unix:") ? where.slice("unix:".length) : null;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => reject(new CodedError("cli.metrics.listen", { where, why: cause.message })));
    if (path === null) server.listen(Number(port), host, resolve);
    else server.listen(path, resolve);
  });
  if (path !== null) chmodSync(path, 0o600);
};

/** `metrics` */
export const registerMetrics = (program: Command, { places, print, say, stopSignal }: Context): void => {
  withInstance(program.command("metrics"))
    .description("what management sees of every domain, in Prometheus' text format; served only where --listen says so")
    .option("--listen <where>", "serve it: 127.0.0.1:PORT, or unix:/PATH for root alone", form(LISTEN, "127.0.0.1:PORT or unix:/PATH"))
    .addHelpText("after", examples(["metrics", "metrics --listen 127.0.0.1:9464", "metrics --listen unix:/run/crossguardian/metrics.sock"]))
    .action(async (options: Options) => {
      const record = findInstance(places, options);
      if (options.listen === undefined) {
        const text = await read(record);
        print(options.json, { text }, () => text.trimEnd());
        return;
      }
      const signal = stopSignal();
      const server = createServer({ requestTimeout: REQUEST_DEADLINE_MS, headersTimeout: REQUEST_DEADLINE_MS }, (request, response) => {
        if (request.method !== "GET" || request.url !== "/metrics") {
          response.writeHead(404).end();
          return;
        }
        read(record).then(
          (text) => response.writeHead(200, { "content-type": CONTENT_TYPE }).end(text),
          () => response.writeHead(503).end(),
        );
      });
      server.maxConnections = MAX_CONNECTIONS;
      await listen(server, options.listen);
      say(`metrics at ${options.listen}/metrics`);
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      server.close();
      server.closeAllConnections();
      if (options.listen.startsWith("unix:")) rmSync(options.listen.slice("unix:".length), { force: true });
    });
};
