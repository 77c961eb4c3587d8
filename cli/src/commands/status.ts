import { askHouse, type ReportedDomain } from "@crossguardian/world";
import { type Command } from "commander";

import { type Context, examples, type InstanceOptions, withInstance } from "../context.ts";
import { askDomain } from "../decode-answer.ts";
import { decodePulses } from "../doctor/decode-facts.ts";
import { type PulseFacts } from "../doctor/facts.ts";
import { LOW_BALANCE_TRANSACTIONS } from "../doctor/judge-machine.ts";
import { findInstance, type InstanceRecord } from "../instance.ts";
import { printable } from "../printable.ts";

/** A plugin's submitting account: how many transactions of the largest gas, and with one call each, it pays for at the going price. */
export type Account = { readonly domain: string; readonly chain: string; readonly transactions: number; readonly calls: number; readonly low: boolean };

const accountsOf = (pulses: readonly PulseFacts[]): readonly Account[] =>
  pulses.flatMap(({ name, chain, gauges }) => {
    const [transactions, calls] = [gauges.get("pays.transactions"), gauges.get("pays.calls")];
    return transactions === undefined || calls === undefined ? [] : [{ domain: name, chain, transactions, calls, low: transactions < LOW_BALANCE_TRANSACTIONS }];
  });

/** What runs in an instance, house by house. */
export type Status = {
  readonly instance: string;
  readonly houses: readonly {
    readonly house: string;
    readonly running: boolean;
    readonly domains: readonly ReportedDomain[];
    /** What the interaction domain of a gateway, or the orderer of the relay chain, says of its work; null when it does not answer. */
    readonly work: unknown;
    /** What the submitting accounts of a gateway pay for, as their plugins saw it last. */
    readonly accounts: readonly Account[];
  }[];
};

/** Reads the state of an instance from its launchers; a house that does not answer is shown as not running. */
export const readStatus = async (record: InstanceRecord): Promise<Status> => ({
  instance: record.instance,
  houses: await Promise.all(
    record.houses.map(async ({ house, runDir }) => {
      const answer = await askHouse<{ readonly domains: readonly ReportedDomain[] }>(runDir, { cmd: "domains" }).catch(() => null);
      const work = answer === null ? null : await askDomain(runDir, house === "relay" ? "orderer" : "interaction", "status", "");
      const pulses = answer === null || house === "relay" ? null : decodePulses(await askDomain(runDir, "management", "status", ""));
      return { house, running: answer !== null, domains: answer?.domains ?? [], work, accounts: accountsOf(pulses ?? []) };
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
      const accounts = house.accounts.map(({ domain, transactions, calls, low }) =>
        `  ${domain.padEnd(16)} pays for ${transactions} full transactions, ${calls} calls${low ? "  LOW: ./crossguardian doctor" : ""}`,
      );
      return [house.house, ...rows, ...accounts, ...work].join("\n");
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
