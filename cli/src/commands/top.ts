import process from "node:process";

import { type Command } from "commander";

import { type Context, count, examples, type InstanceOptions, withInstance } from "../context.ts";
import { findInstance } from "../instance.ts";
import { drawTop } from "../watch/draw-top.ts";
import { readWatch, type WatchedHouse } from "../watch/read-watch.ts";

const HOME_AND_CLEAR = "\u001B[H\u001B[J";
const DEFAULT_INTERVAL_MS = 1_000;

type Options = InstanceOptions & { readonly once: boolean; readonly interval: number };

const plain = (houses: readonly WatchedHouse[]): unknown =>
  houses.map(({ domains, ...house }) => ({
    ...house,
    domains: domains.map((domain) => ({ ...domain, point: Object.fromEntries(domain.point), totals: Object.fromEntries(domain.totals), refusals: Object.fromEntries(domain.refusals) })),
  }));

const pause = async (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });

/** `top` */
export const registerTop = (program: Command, { places, print, stopSignal }: Context): void => {
  withInstance(program.command("top"))
    .description("cpu, memory, pressure and traffic of every domain, as management sees them; ends at Ctrl-C")
    .option("--once", "one view, then end; so it is also where standard output is no terminal", false)
    .option("--interval <ms>", "time between two views; management samples every 100 ms", count(100, 60_000), DEFAULT_INTERVAL_MS)
    .addHelpText("after", examples(["top", "top --once --json", "top --interval 200"]))
    .action(async (options: Options) => {
      const record = findInstance(places, options);
      if (options.once || options.json || !process.stdout.isTTY) {
        const houses = await readWatch(record);
        print(options.json, plain(houses), () => drawTop(houses));
        return;
      }
      const signal = stopSignal();
      while (!signal.aborted) {
        process.stdout.write(`${HOME_AND_CLEAR}${record.instance}  ${new Date().toISOString()}\n\n${drawTop(await readWatch(record))}\n`);
        await pause(options.interval, signal);
      }
    });
};
