import { randomBytes } from "node:crypto";

import { CodedError } from "@crossguardian/kernel";
import { ISOLATED_KINDS, ISOLATIONS, type IsolationPlan, WORLD_KINDS } from "@crossguardian/world";
import { type Command, InvalidArgumentError, Option } from "commander";

import { chainKinds } from "../config/chain-kinds.ts";
import { leavesUnjailed, parseIsolation } from "../config/decode-isolation.ts";
import { type Context, count, examples } from "../context.ts";
import { type DemoOptions, runDemo } from "../demo/run-demo.ts";

type Options = Pick<DemoOptions, "transfers" | "chain" | "chains" | "isolation" | "keep" | "json">;

const isolation = (text: string): IsolationPlan => {
  try {
    return parseIsolation(text);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    throw new InvalidArgumentError(`${error.message}. Drivers: ${ISOLATIONS.join(" ")}; kinds: ${ISOLATED_KINDS.join(" ")}.`);
  }
};

/** `demo` */
export const registerDemo = (program: Command, { places, needRoot, stopSignal, say }: Context): void => {
  program
    .command("demo")
    .description("four chains, a relay chain and two gateways in jails; transfers over every pair; the chains judge")
    .option("--transfers <n>", "asset transfers in total, half each way", count(1, 100_000), 100)
    .addOption(new Option("--chain <kind>", "development chain").choices(["anvil", "ganache"]).default("anvil"))
    .option("--chains <kinds>", "kinds of chains: gateway A's, then gateway B's, for example evm,utxo", chainKinds(WORLD_KINDS), ["evm"] as const)
    .option("--isolation <driver>", `${ISOLATIONS.join(", ")} (measuring only), or by kind: plugin=gvisor,interaction=oci`, isolation, "oci")
    .option("--keep", "leave it running; `down` ends it", false)
    .option("--json", "the last line is one JSON object", false)
    .addHelpText("after", examples(["demo", "demo --transfers 20 --keep", "demo --chain ganache --json"]))
    .action(async (options: Options) => {
      needRoot(options.isolation);
      if (leavesUnjailed(options.isolation)) say("WARNING: --isolation none protects nothing; it is for measuring only");
      const result = await runDemo({
        ...options,
        places,
        instance: `d-${randomBytes(3).toString("hex")}`,
        signal: stopSignal(),
        write: (text) => (options.json ? process.stderr : process.stdout).write(text),
      });
      if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
    });
};
