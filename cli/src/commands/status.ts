import { askHouse, type ReportedDomain } from "@crossguardian/world";
import { type Command } from "commander";

import { type Context, examples, type InstanceOptions, withInstance } from "../context.ts";
import { askDomain } from "../decode-answer.ts";
import { findInstance, type InstanceRecord } from "../instance.ts";
import { printable } from "../printable.ts";

/** What runs in an instance, house by house. */
export type Status = {
  readonly instance: string;
  readonly houses: readonly {
    readonly house: string;
    readonly running: boolean;
    readonly domains: readonly ReportedDomain[];
    /** What the interaction domain of a gateway, or the orderer of the relay chain, says of its work; null when it does not answer. */
    readonly work: unknown;
  }[];
};

/** Reads the state of an instance from its launchers; a house that does not answer is shown as not running. */
export const readStatus = async (record: InstanceRecord): Promise<Status> => ({
  instance: record.instance,
  houses: await Promise.all(
    record.houses.map(async ({ house, runDir }) => {
      const answer = await askHouse<{ readonly domains: readonly ReportedDomain[] }>(runDir, { cmd: "domains" }).catch(() => null);
      const work = answer === null ? null : await askDomain(runDir, house === "relay" ? "orderer" : "interaction", "status", "");
      return { house, running: answer !== null, domains: answer?.domains ?? [], work };
    }),
  ),
});

const stateOf = ({ state, admitted }: ReportedDomain): string => (state === "running" && admitted === false ? "not admitted" : state);

/** The status for a person. */
export const drawStatus = (status: Status): string =>
  status.houses
    .map((house) => {
      if (!house.running) return `${house.house}: not running; \`crossguardian up\` starts it again`;
      const rows = house.domains.map(
        (domain) => `  ${domain.name.padEnd(16)} ${stateOf(domain).padEnd(12)} pid ${String(domain.pid ?? "-").padStart(7)}  restarts ${domain.restarts}`,
      );
      const work = house.work === null ? [] : JSON.stringify(house.work, null, 2).split("\n").map((line) => `  ${printable(line)}`);
      return [house.house, ...rows, ...work].join("\n");
    })
    .join("\n");

/** `status` */
export const registerStatus = (program: Command, { places, print }: Context): void => {
  withInstance(program.command("status"))
    .description("what runs, and what is open")
    .addHelpText("after", examples(["status", "status --config crossguardian.json --json"]))
    .action(async (options: InstanceOptions) => {
      const status = await readStatus(findInstance(places, options));
      print(options.json, status, () => drawStatus(status));
    });
};
