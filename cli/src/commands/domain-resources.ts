import { makeCrypto } from "@crossguardian/crypto";
import { CodedError } from "@crossguardian/kernel";
import { type Command, Option } from "commander";

import { type Context, examples, form, type InstanceOptions, withInstance } from "../context.ts";
import { findInstance, type InstanceRecord } from "../instance.ts";
import { housesOf, orderHouse, type OrderOptions, withSigner } from "../order.ts";
import { printable } from "../printable.ts";
import { parseResources, RESOURCE_OPTIONS } from "../resources/parse-resources.ts";

/** Who gives these orders when nobody is named. */
const OPERATOR = "operator";
const OFFICER = "officer-1";

type SignerOptions = InstanceOptions & Omit<OrderOptions, "reason"> & { readonly gateway?: string; readonly why: string };
type FindHouse = (record: InstanceRecord, domain: string, gateway: string | undefined) => Promise<InstanceRecord["houses"][number]>;

const WHY = form(/^[^\p{Cc}]{1,200}$/u, "1 to 200 characters");

const signerOf = ({ as, operatorKey, why }: SignerOptions): OrderOptions => ({ ...(as === undefined ? {} : { as }), ...(operatorKey === undefined ? {} : { operatorKey }), reason: why });

/** `domain set` and `domain whitelist`: what management changes while a house runs, kept over restarts. */
export const registerResources = (domain: Command, { places, print }: Pick<Context, "places" | "print">, houseOf: FindHouse): void => {
  const set = withSigner(withInstance(domain.command("set")), OPERATOR)
    .description("change what a running domain may use; it stays so after a restart, and nothing is changed when one part is refused")
    .argument("<domain>", "its name", form(/^[a-z0-9-]{1,40}$/u, "a domain's name"))
    .option("--gateway <name>", "the house, when several have a domain of that name")
    .requiredOption("--why <words>", "kept with the record", WHY);
  for (const { flags, does } of RESOURCE_OPTIONS) set.addOption(new Option(flags, does));
  set
    .addHelpText("after", examples(["domain set interaction --gateway gateway-a --memory 768M --cpu 150 --why 'month end'", "domain set plugin-a --cpu 40 --cpu-most 120 --why 'lend when busy'", "domain set plugin-a --rate 20M --frames 5000 --cores little --why 'noisy chain'", "domain set plugin-a --rate none --cores all --why 'over'"]))
    .action(async (name: string, options: SignerOptions & Readonly<Record<string, unknown>>) => {
      const change = parseResources(options);
      if (Object.keys(change).length === 0) throw new CodedError("cli.argument.bad", { why: `nothing to change: give one of ${RESOURCE_OPTIONS.map(({ flags }) => flags.split(" ")[0]).join(" ")}` });
      const record = findInstance(places, options);
      const house = await houseOf(record, name, options.gateway);
      const { result } = await orderHouse(await makeCrypto(), record, house, { action: "setResources", resource: name, argument: JSON.stringify(change), by: OPERATOR }, signerOf(options));
      print(options.json, { house: house.house, result }, () => `${house.house} ${name}: ${printable(JSON.stringify(result))}`);
    });
  withSigner(withInstance(domain.command("whitelist")), OFFICER)
    .description("in an incident: nothing but IBTP and what keeps domains alive passes the switch, until it is put off; also of a switch that is started anew")
    .argument("<state>", "on or off", form(/^(on|off)$/u, "on or off"))
    .option("--gateway <name>", "one house (default: every house of the instance)")
    .requiredOption("--why <words>", "kept with the record", WHY)
    .addHelpText("after", examples(["domain whitelist on --why 'alarm 17'", "domain whitelist off --gateway gateway-a --why 'examined'"]))
    .action(async (state: string, options: SignerOptions) => {
      const record = findInstance(places, options);
      const crypto = await makeCrypto();
      const houses: { readonly house: string; readonly result: unknown }[] = [];
      for (const house of housesOf(record, options.gateway)) {
        const { result } = await orderHouse(crypto, record, house, { action: "setWhitelist", argument: state, by: OFFICER }, signerOf(options));
        houses.push({ house: house.house, result });
      }
      print(options.json, { whitelist: state, houses }, () => houses.map(({ house }) => `${house}: whitelist mode ${state}`).join("\n"));
    });
};
