import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { type Command } from "commander";

import { type Context, count, examples, form, type InstanceOptions, withInstance } from "../context.ts";
import { findInstance, type InstanceRecord } from "../instance.ts";
import { printable } from "../printable.ts";

const MAX_READ_BYTES = 1024 * 1024;

/** The last lines of every domain's log, oldest first, at most `lines` per domain; `only` names one domain. */
export const readLogs = (record: InstanceRecord, lines: number, only: string | undefined): readonly string[] =>
  record.houses.flatMap(({ house, dataDir }) => {
    const folder = join(dataDir, "logs");
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .filter((file) => file.endsWith(".jsonl") && (only === undefined || file === `${only}.jsonl`))
      .flatMap((file) => {
        const text = readFileSync(join(folder, file), "utf8").slice(-MAX_READ_BYTES);
        const domain = file.slice(0, -".jsonl".length);
        const kept = text.split("\n").filter((line) => line !== "").slice(-lines);
        return kept.map((line) => `${house}/${domain} ${printable(line)}`);
      });
  });

/** `logs` */
export const registerLogs = (program: Command, { places, print }: Context): void => {
  withInstance(program.command("logs"))
    .description("the last log lines of every domain")
    .argument("[domain]", "only this one", form(/^[a-z0-9-]{1,40}$/u, "a domain's name"))
    .option("--lines <n>", "lines per domain", count(1, 10_000), 20)
    .addHelpText("after", examples(["logs", "logs interaction --lines 100"]))
    .action((domain: string | undefined, options: InstanceOptions & { readonly lines: number }) => {
      const lines = readLogs(findInstance(places, options), options.lines, domain);
      print(options.json, { lines }, () => (lines.length === 0 ? "nothing was logged yet" : lines.join("\n")));
    });
};
