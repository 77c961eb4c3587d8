import { makeCrypto } from "@crossguardian/crypto";
import { CodedError } from "@crossguardian/kernel";
import { askHouse } from "@crossguardian/world";
import { type Command } from "commander";

import { type Context, count, examples, form, type InstanceOptions, withInstance } from "../context.ts";
import { findInstance, type InstanceRecord } from "../instance.ts";
import { registerMove } from "./domain-move.ts";
import { registerProfile } from "./domain-profile.ts";
import { registerResources } from "./domain-resources.ts";
import { orderHouse, type OrderOptions, withSigner } from "../order.ts";
import { decodeResponses, type ResponseLine } from "../response/decode-responses.ts";
import { type DomainLine, readDomains } from "../response/read-domains.ts";

const MAX_CPU_PERCENT = 6_400;
/** Who gives these orders when nobody is named. */
const BY = "operator";

type StepOptions = InstanceOptions & Omit<OrderOptions, "reason"> & { readonly gateway?: string; readonly why: string; readonly cpu?: number };

/** What each step does, for its help; the words of domains/management/src/response/step.ts. */
const STEPS: readonly (readonly [step: string, does: string])[] = [
  ["limit", "give it less cpu"],
  ["quarantine", "close its port at the switch, and with it its streams in the network domain"],
  ["freeze", "stop every task of it; its memory stays"],
  ["thaw", "undo freeze"],
  ["release", "undo limit and quarantine"],
  ["promote", "put its standby in its place"],
  ["rebuild", "end it and start it from the measured image"],
];

const DOMAIN = [form(/^[a-z0-9-]{1,40}$/u, "a domain's name")] as const;

/** The house that has the domain. @throws cli.argument.bad when none has it, or several and none is chosen */
const houseOf = async (record: InstanceRecord, domain: string, gateway: string | undefined): Promise<InstanceRecord["houses"][number]> => {
  const lines = await readDomains(record);
  const houses = [...new Set(lines.filter(({ name }) => name === domain).map(({ house }) => house))].filter((house) => gateway === undefined || house === gateway);
  const found = record.houses.find(({ house }) => house === houses[0]);
  if (found === undefined) throw new CodedError("cli.argument.bad", { why: `no house has a domain ${domain}` });
  if (houses.length > 1) throw new CodedError("cli.argument.bad", { why: `several houses have a domain ${domain}: choose one by --gateway`, houses: houses.join(" ") });
  return found;
};

const relationOf = ({ standbyOf, replicaOf }: DomainLine): string => (standbyOf !== null ? `standby of ${standbyOf}` : replicaOf !== null ? `replica of ${replicaOf}` : "");

const drawLine = (line: DomainLine): string => {
  const { house, name, pairs, isActive, state, held } = line;
  const words = [isActive ? "active" : "", pairs === null ? "" : `${pairs} pairs`, held.join(", ")].filter((each) => each !== "");
  return `${house.padEnd(12)} ${name.padEnd(24)} ${state.padEnd(10)} ${relationOf(line).padEnd(28)} ${words.join("  ")}`.trimEnd();
};

const drawResponse = ({ atMs, house, domain, step, outcome, tookMs, by, says }: ResponseLine): string =>
  `${new Date(atMs).toISOString()} ${house} ${domain} ${step} ${outcome}${tookMs === null ? "" : ` after ${tookMs} ms`}, by ${by}${says === "" ? "" : `: ${says}`}`;

/** `domain`: what an operator does about one domain; every step is recorded. */
export const registerDomain = (program: Command, { places, print, setExitCode }: Context): void => {
  const domain = program
    .command("domain")
    .description("look at domains and do something about one: each step is recorded and can be undone")
    .addHelpText("after", examples(["domain list", "domain quarantine plugin-a --gateway gateway-a --why 'odd traffic'", "domain promote interaction --gateway gateway-a --why drill --json", "domain history"]));
  withInstance(domain.command("list"))
    .description("domains, their standbys and replicas, and what is in force against them")
    .addHelpText("after", examples(["domain list", "domain list --json"]))
    .action(async (options: InstanceOptions) => {
      const domains = await readDomains(findInstance(places, options));
      print(options.json, { domains }, () => domains.map(drawLine).join("\n"));
    });
  withInstance(domain.command("history"))
    .description("the last steps of the response ladder with their evidence, oldest first")
    .addHelpText("after", examples(["domain history", "domain history --json"]))
    .action(async (options: InstanceOptions) => {
      const record = findInstance(places, options);
      const lines = await Promise.all(record.houses.map(async ({ house, runDir }) => decodeResponses(house, await askHouse(runDir, { cmd: "ask", domain: "management", command: "responses", argument: "" }))));
      const responses = lines.flat().sort((left, right) => left.atMs - right.atMs);
      print(options.json, { responses }, () => (responses.length === 0 ? "nothing was done" : responses.map(drawResponse).join("\n")));
    });
  withSigner(withInstance(domain.command("restart")), BY)
    .description("let it end in order and start it again")
    .argument("<domain>", "its name", ...DOMAIN)
    .option("--gateway <name>", "the house, when several have a domain of that name")
    .requiredOption("--why <words>", "kept with the record", form(/^[^\p{Cc}]{1,200}$/u, "1 to 200 characters"))
    .addHelpText("after", examples(["domain restart witness-a-1 --why 'its provider was changed'"]))
    .action(async (name: string, { gateway, why, as, operatorKey, ...options }: StepOptions) => {
      const record = findInstance(places, options);
      const house = await houseOf(record, name, gateway);
      const signer = { ...(as === undefined ? {} : { as }), ...(operatorKey === undefined ? {} : { operatorKey }), reason: why };
      const { result } = await orderHouse(await makeCrypto(), record, house, { action: "restart", resource: name, by: BY }, signer);
      print(options.json, { house: house.house, result }, () => `${house.house} ${name} is started again`);
    });
  registerProfile(domain, { places, print, setExitCode });
  registerMove(domain, { places, print }, houseOf);
  registerResources(domain, { places, print }, houseOf);
  for (const [step, does] of STEPS) {
    const command = withSigner(withInstance(domain.command(step)), BY)
      .description(does)
      .argument("<domain>", "its name", ...DOMAIN)
      .option("--gateway <name>", "the house, when several have a domain of that name")
      .requiredOption("--why <words>", "kept with the record", form(/^[^\p{Cc}]{1,200}$/u, "1 to 200 characters"));
    if (step === "limit") command.requiredOption("--cpu <percent>", "of one core", count(1, MAX_CPU_PERCENT));
    command
      .addHelpText("after", examples([`domain ${step} plugin-a --gateway gateway-a --why 'odd traffic'${step === "limit" ? " --cpu 20" : ""}`]))
      .action(async (name: string, { gateway, why, cpu, as, operatorKey, ...options }: StepOptions) => {
        const record = findInstance(places, options);
        const house = await houseOf(record, name, gateway);
        const argument = JSON.stringify({ domain: name, step, ...(cpu === undefined ? {} : { cpuPercent: cpu }) });
        const signer = { ...(as === undefined ? {} : { as }), ...(operatorKey === undefined ? {} : { operatorKey }), reason: why };
        const { result } = await orderHouse(await makeCrypto(), record, house, { action: step, resource: name, argument, by: BY }, signer);
        const [line] = decodeResponses(house.house, { answer: JSON.stringify(result) });
        print(options.json, line ?? {}, () => (line === undefined ? "" : drawResponse(line)));
      });
  }
};
