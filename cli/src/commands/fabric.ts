import { existsSync, writeFileSync } from "node:fs";

import { makeCrypto } from "@crossguardian/crypto";
import { CodedError } from "@crossguardian/kernel";
import { accountOfMember, pluginsOf, readSavedWorld, requestCertificate } from "@crossguardian/world";
import { type Command } from "commander";

import { readConfig } from "../config/read-config.ts";
import { topologyOf } from "../config/world-wish.ts";
import { type Context, examples, form, JSON_OPTION } from "../context.ts";

type RequestOptions = { readonly config: string; readonly chain: string; readonly domain?: string; readonly out?: string; readonly json: boolean };

const domainOf = ({ config: file, chain, domain }: RequestOptions): { readonly domain: string; readonly dataDir: string; readonly certificate: string } => {
  const config = readConfig(file);
  const network = config.chains.find(({ name }) => name === chain)?.network;
  const names = config.chains.flatMap((each) => (each.network === null ? [] : [each.name]));
  if (network === undefined || network === null) throw new CodedError("cli.argument.bad", { chain: chain.slice(0, 40), chains: names.join(" "), why: "a Fabric channel of the configuration" });
  const domains = pluginsOf(topologyOf(config), chain);
  const [plugin = ""] = domains;
  const chosen = domain ?? plugin;
  if (!domains.includes(chosen)) throw new CodedError("cli.argument.bad", { domain: chosen.slice(0, 40), domains: domains.join(" ") });
  return { domain: chosen, dataDir: config.dataDir, certificate: network.plugins.get(chosen) ?? "" };
};

/** `fabric request` */
export const registerFabric = (program: Command, context: Context): void => {
  const fabric = program.command("fabric").description("Fabric channels of a configuration").addHelpText("after", examples(["fabric request --config crossguardian.json --chain C --out plugin-c.csr"]));
  fabric
    .command("account")
    .description("the account of a member of the gateway's organization: where transfers to it go, as `transfer --receiver` and `contracts mint --to` take it")
    .requiredOption("--config <file>", "configuration")
    .requiredOption("--chain <name>", "a Fabric channel of it", form(/^[A-Za-z0-9]{1,20}$/u, "a chain's name"))
    .requiredOption("--certificate <file>", "the member's certificate, PEM")
    .option(...JSON_OPTION)
    .addHelpText("after", examples(["fabric account --config crossguardian.json --chain C --certificate alice.pem"]))
    .action(async ({ config, chain, certificate, json }: { config: string; chain: string; certificate: string; json: boolean }) => {
      const plan = readSavedWorld(readConfig(config).dataDir).chains.find(({ name, kind }) => name === chain && kind === "fabric");
      if (plan === undefined) throw new CodedError("cli.argument.bad", { chain: chain.slice(0, 40), why: "a Fabric channel that was planned by `contracts deploy`" });
      const account = await accountOfMember(await makeCrypto(), plan, certificate);
      context.print(json, { account }, () => account);
    });
  fabric
    .command("request")
    .description("makes a certificate request (PKCS#10, PEM) for the key in a plugin's slot; an authority of the plugin's organization signs it. The key stays in its slot")
    .requiredOption("--config <file>", "configuration")
    .requiredOption("--chain <name>", "a Fabric channel of it", form(/^[A-Za-z0-9]{1,20}$/u, "a chain's name"))
    .option("--domain <name>", "plugin-CHAIN, or plugin-CHAIN-standby where the configuration wants one; default: the former", form(/^[a-z0-9-]{1,40}$/u, "a domain's name"))
    .option("--out <file>", "write the request there instead of printing it; nothing is overwritten")
    .option(...JSON_OPTION)
    .addHelpText("after", examples(["fabric request --config crossguardian.json --chain C --out plugin-c.csr", "fabric request --config crossguardian.json --chain C --domain plugin-c-standby"]))
    .addHelpText("after", "\nThen: have the request signed (docs/fabric.md), put the certificate where `plugins` of the chain names it, and run `up`. After `keys rotate` of the plugin the request is for its new key.")
    .action(async (options: RequestOptions) => {
      const { domain, dataDir, certificate } = domainOf(options);
      const { out } = options;
      if (out !== undefined && existsSync(out)) throw new CodedError("cli.folder.unwritable", { path: out, why: "it is there already" });
      const request = requestCertificate(await makeCrypto(), dataDir, options.chain, domain);
      if (out !== undefined) writeFileSync(out, request, { flag: "wx", mode: 0o644 });
      context.print(options.json, { domain, request, certificate }, () =>
        out === undefined ? request.trimEnd() : `wrote ${out}, for the key of ${domain}\nnext: have it signed, put the certificate at ${certificate === "" ? `the path that plugins.${domain} names` : certificate}`,
      );
    });
};
