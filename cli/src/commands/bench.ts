import { randomBytes } from "node:crypto";

import { runBench } from "@crossguardian/bench";
import { type Command } from "commander";

import { type Context, count, examples, JSON_OPTION } from "../context.ts";

/** `bench` */
export const registerBench = (program: Command, { places, needRoot, stopSignal, print }: Context): void => {
  program
    .command("bench")
    .description("committed transfers per second, latency, CPU time by domain, the price of isolation and the limit")
    .option("--seconds <s>", "seconds of load for each variant", count(5, 3_600), 30)
    .option(...JSON_OPTION)
    .addHelpText("after", examples(["bench", "bench --seconds 30 --json"]))
    .action(async ({ seconds, json }: { seconds: number; json: boolean }) => {
      needRoot("oci");
      const result = await runBench({
        seconds,
        instance: `b-${randomBytes(2).toString("hex")}`,
        ...places,
        signal: stopSignal(),
        write: (text) => process.stderr.write(text),
      });
      print(json, result, () => JSON.stringify(result, null, 2));
    });
};
