import { readFileSync, statSync } from "node:fs";

import { type AccessDocument, encodeAccessDocument, MAX_DOCUMENT_CHARS } from "@crossguardian/access";
import { makeCrypto } from "@crossguardian/crypto";
import { CodedError, decodeJson, toHex } from "@crossguardian/kernel";
import { bodyQuestion, findBody, openBody, readSavedWorld, shownBytes } from "@crossguardian/world";
import { type Command } from "commander";

import { type Context, examples, form, type InstanceOptions, withInstance } from "../context.ts";
import { decodeShownAccess, type ShownAccess } from "../decode-shown-access.ts";
import { findInstance } from "../instance.ts";
import { housesOf, type OrderOptions, orderHouse, withOrder } from "../order.ts";
import { printable } from "../printable.ts";

type Options = InstanceOptions & OrderOptions & { readonly house?: string };

const withHouse = (command: Command, by: string): Command =>
  withOrder(withInstance(command), by).option("--house <name>", "only this house; otherwise all of the instance", form(/^[a-z0-9-]{1,40}$/u, "a house's name"));

const draw = ({ house, digest, document, proposals }: ShownAccess & { readonly house: string }): string =>
  [
    `${house}: version ${document.version}, ${digest}`,
    ...document.operators.map(({ name, roles, chains, expiresMs }) =>
      printable(`  ${name.padEnd(16)} ${roles.join(" ")}${chains.length === 0 ? "" : `, chains ${chains.join(" ")}`}${expiresMs === null ? "" : `, until ${new Date(expiresMs).toISOString()}`}`)),
    ...proposals.map((each) => printable(`  proposed: version ${each.version}, ${each.digest}, signed by ${each.officers.join(" ")}`)),
  ].join("\n");

const readDocument = (path: string): string => {
  const facts = statSync(path, { throwIfNoEntry: false });
  if (facts === undefined || facts.size > 2 * MAX_DOCUMENT_CHARS) throw new CodedError("cli.argument.bad", { why: "no such document, or it is too large", path });
  try {
    // Written by a person, with any white space; its checked form is what is signed.
    return encodeAccessDocument(decodeJson(readFileSync(path, "utf8")) as AccessDocument); // management checks every field
  } catch (cause) {
    throw new CodedError("access.document.malformed", { path }, { cause });
  }
};

const OFFICER = "officer-1";

/** `access` */
export const registerAccess = (program: Command, context: Context): void => {
  const { places, print } = context;
  const access = program
    .command("access")
    .description("who may give orders and what they may do; changed by two security officers together")
    .addHelpText("after", examples(["access show", "access show --json", "access propose next.json --reason \"new auditor\"", "access approve DIGEST --as officer-2 --reason \"checked\""]));

  withHouse(access.command("show"), "viewer")
    .description("operators, roles, policy and proposals of every house; --json has the whole document, to be edited and proposed")
    .addHelpText("after", examples(["access show", "access show --house relay --json"]))
    .action(async (options: Options) => {
      const record = findInstance(places, options);
      const crypto = await makeCrypto();
      const shown: (ShownAccess & { readonly house: string })[] = [];
      for (const house of housesOf(record, options.house)) {
        const { result } = await orderHouse(crypto, record, house, { action: "showAccess", by: "viewer" }, options);
        shown.push({ house: house.house, ...decodeShownAccess(result) });
      }
      print(options.json, { houses: shown }, () => shown.map(draw).join("\n"));
    });

  const change = (name: string, argument: readonly [string, string], by: string, action: string, read: (word: string) => string, description: string, example: string): void => {
    withHouse(access.command(name), by)
      .description(description)
      .argument(...argument)
      .addHelpText("after", examples([example]))
      .action(async (word: string, options: Options) => {
        const record = findInstance(places, options);
        const crypto = await makeCrypto();
        const results: { readonly house: string; readonly result: unknown }[] = [];
        for (const house of housesOf(record, options.house)) {
          const { result } = await orderHouse(crypto, record, house, { action, argument: read(word), by }, options);
          results.push({ house: house.house, result });
        }
        print(options.json, { houses: results }, () => results.map(({ house, result }) => `${house}: ${printable(JSON.stringify(result))}`).join("\n"));
      });
  };
  change("propose", ["<file>", "document, JSON as `access show --json` has it, its version one higher"], "officer-1", "proposeAccess", readDocument,
    "proposes another document; it comes into force when a second officer approves", "access propose next.json --as officer-1 --reason \"a new auditor\"");
  change("approve", ["<digest>", "digest of the proposed document"], "officer-2", "approveAccess", (word) => word,
    "approves a proposal of another officer, who may be asked for its digest", "access approve 9f86d0... --as officer-2 --reason \"checked by phone\"");

  withOrder(withInstance(access.command("read-body")), OFFICER)
    .description("reads one private body out of the relay chain: a gateway releases the key of that message alone to the officer who asks, and the audit log says who, what and why; the body is printed and kept nowhere")
    .argument("<id>", "from-to-index, as `transfer` prints it", form(/^[A-Za-z0-9._:-]{1,360}$/u, "an id like 1356:A:data-1356:C:data-1"))
    .requiredOption("--gateway <name>", "the house whose key opens it: that of either side")
    .option("--receipt", "the result instead of the request", false)
    .addHelpText("after", examples(['access read-body "1356:A:data-1356:C:data-1" --gateway gateway-b --reason "dispute 4711"']))
    .addHelpText("after", "\nWhat was sealed before a gateway's key was rotated can not be opened any more.")
    .action(async (id: string, options: InstanceOptions & OrderOptions & { readonly gateway: string; readonly receipt: boolean }) => {
      const record = findInstance(places, options);
      const [house] = housesOf(record, options.gateway);
      if (house === undefined) return;
      const crypto = await makeCrypto();
      const body = await findBody(readSavedWorld(record.dataDir), id, options.receipt ? "receipt" : "request");
      const once = crypto.random.bytes(32);
      const argument = bodyQuestion(body, crypto.x25519.publicKey(once));
      const { result } = await orderHouse(crypto, record, house, { action: "readBody", resource: "interaction", argument, by: OFFICER }, options);
      const { func, args, kind } = openBody(crypto, body, once, result);
      print(options.json, { id, kind, func, args: args.map((each) => `0x${toHex(each)}`) }, () => printable([`${id} ${kind}`, ...(func === null ? [] : [`  ${func}`]), ...args.map((each) => `  ${shownBytes(each)}`)].join("\n")));
    });
};
