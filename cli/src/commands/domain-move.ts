import { readFileSync, statSync, writeFileSync } from "node:fs";

import { makeCrypto } from "@crossguardian/crypto";
import { CodedError } from "@crossguardian/kernel";
import { type Command } from "commander";

import { type Context, examples, form, type InstanceOptions, withInstance } from "../context.ts";
import { findInstance, type InstanceRecord } from "../instance.ts";
import { orderHouse, type OrderOptions, withSigner } from "../order.ts";
import { decodeDomainManifest, decodeExported, MAX_MANIFEST_BYTES } from "../move/decode-domain-manifest.ts";
import { readDomain } from "../move/describe-domain.ts";
import { differences, type DomainDigests } from "../move/domain-manifest.ts";

const BY = "operator";
const WHY = form(/^[^\p{Cc}]{1,200}$/u, "1 to 200 characters");

type MoveOptions = InstanceOptions & Omit<OrderOptions, "reason"> & { readonly gateway?: string; readonly why: string; readonly out?: string };
type FindHouse = (record: InstanceRecord, domain: string, gateway: string | undefined) => Promise<InstanceRecord["houses"][number]>;

const signerOf = ({ as, operatorKey, why }: MoveOptions): OrderOptions => ({ ...(as === undefined ? {} : { as }), ...(operatorKey === undefined ? {} : { operatorKey }), reason: why });

const draw = (domain: string, { image, configuration, policy }: DomainDigests): string => `${domain}\n  image          ${image}\n  configuration  ${configuration}\n  policy         ${policy}`;

const readBounded = (file: string): string => {
  try {
    const { size } = statSync(file);
    if (size > MAX_MANIFEST_BYTES) throw new CodedError("config.file.oversize", { path: file, bytes: size });
    return readFileSync(file, "utf8");
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    throw new CodedError("config.file.unreadable", { path: file }, { cause });
  }
};

const writeNew = (file: string, text: string): void => {
  try {
    writeFileSync(file, text, { flag: "wx", mode: 0o600 });
  } catch (cause) {
    throw new CodedError("cli.folder.unwritable", { path: file }, { cause });
  }
};

/** `domain export` and `domain import`: the same domain on another machine. */
export const registerMove = (domain: Command, { places, print }: Pick<Context, "places" | "print">, houseOf: FindHouse): void => {
  withSigner(withInstance(domain.command("export")), BY)
    .description("write what makes a domain that domain: digests of image, configuration and policy, its configuration and bounds; no key, no private body")
    .argument("<domain>", "its name", form(/^[a-z0-9-]{1,40}$/u, "a domain's name"))
    .option("--gateway <name>", "the house, when several have a domain of that name")
    .option("--out <file>", "a file that is not there yet (default: DOMAIN.json)")
    .requiredOption("--why <words>", "kept with the record", WHY)
    .addHelpText("after", examples(["domain export plugin-a --gateway gateway-a --why 'new machine'"]))
    .action(async (name: string, options: MoveOptions) => {
      const record = findInstance(places, options);
      const house = await houseOf(record, name, options.gateway);
      const { result } = await orderHouse(await makeCrypto(), record, house, { action: "exportDomain", resource: name, by: BY }, signerOf(options));
      const manifest = readDomain(house.dataDir, name, decodeExported(result));
      const file = options.out ?? `${name}.json`;
      writeNew(file, `${JSON.stringify(manifest, null, 1)}\n`);
      print(options.json, { file, digests: manifest.digests }, () => `${draw(name, manifest.digests)}\nwritten to ${file}`);
    });
  withSigner(withInstance(domain.command("import")), BY)
    .description("after `up` on another machine with the same configuration file: refuse unless image, configuration and policy of the domain are those of the file, and give it the allocation it had")
    .argument("<file>", "what `domain export` wrote")
    .option("--gateway <name>", "the house, when several have a domain of that name")
    .requiredOption("--why <words>", "kept with the record", WHY)
    .addHelpText("after", examples(["domain import plugin-a.json --gateway gateway-a --why 'new machine'"]))
    .action(async (file: string, options: MoveOptions) => {
      const wanted = decodeDomainManifest(readBounded(file));
      const { name } = wanted.domain;
      const record = findInstance(places, options);
      const house = await houseOf(record, name, options.gateway);
      const here = readDomain(house.dataDir, name, wanted.allocation);
      const parts = differences(wanted.digests, here.digests);
      if (parts.length > 0) throw new CodedError("cli.domain.differs", { domain: name, parts: parts.join(" ") });
      const argument = JSON.stringify(wanted.allocation);
      await orderHouse(await makeCrypto(), record, house, { action: "importDomain", resource: name, argument, by: BY }, signerOf(options));
      print(options.json, { house: house.house, domain: name, digests: here.digests }, () => `${draw(name, here.digests)}\n${house.house} has the domain as it was exported`);
    });
};
