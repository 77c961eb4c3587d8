import { readFileSync, statSync } from "node:fs";

import { type Crypto } from "@crossguardian/crypto";
import { CodedError } from "@crossguardian/kernel";
import { giveOrder, type OrderAnswer, operatorKeyPath } from "@crossguardian/world";
import { type Command } from "commander";

import { form } from "./context.ts";
import { type InstanceRecord } from "./instance.ts";

const KEY_BYTES = 32;
const OTHERS_MAY_READ = 0o077;
const NAME = /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/u;

/** Options of every command that gives an order. */
export type OrderOptions = { readonly as?: string; readonly operatorKey?: string; readonly reason: string };

/** What is to be done, and by whom when `--as` does not say. */
export type Order = { readonly action: string; readonly resource?: string; readonly argument?: string; readonly by: string };

/** Adds the options by which an order is signed. `by` is who gives it when nobody is named. */
export const withSigner = (command: Command, by: string): Command =>
  command
    .option("--as <operator>", `whose order it is (default: ${by})`, form(NAME, "an operator's name"))
    .option("--operator-key <file>", "the operator's key, 32 bytes (default: the one made at set-up, as long as it is there)");

/** The same, with the reason. */
export const withOrder = (command: Command, by: string): Command =>
  withSigner(command, by).option("--reason <words>", "why, for the audit log", form(/^[^\p{Cc}]{1,400}$/u, "1 to 400 characters"), "");

const readKey = (path: string): Uint8Array => {
  const facts = statSync(path, { throwIfNoEntry: false });
  if (facts === undefined) throw new CodedError("cli.key.missing", { path, fix: "--operator-key FILE" });
  if ((facts.mode & OTHERS_MAY_READ) !== 0) throw new CodedError("cli.key.exposed", { path, fix: `chmod 600 ${path}` });
  if (facts.size !== KEY_BYTES) throw new CodedError("cli.key.malformed", { path });
  return new Uint8Array(readFileSync(path));
};

/** An operator's key: of the file, or the one made at set-up. @throws cli.key.* */
export const readOperatorKey = (dataDir: string, name: string, file: string | undefined): Uint8Array => readKey(file ?? operatorKeyPath(dataDir, name));

/** The houses of an instance, or the one that is named. @throws cli.argument.bad */
export const housesOf = (record: InstanceRecord, name: string | undefined): InstanceRecord["houses"] => {
  const houses = record.houses.filter(({ house }) => name === undefined || house === name);
  if (houses.length === 0) throw new CodedError("cli.argument.bad", { why: `no house ${name ?? ""}`, houses: record.houses.map(({ house }) => house).join(" ") });
  return houses;
};

/** Signs an order with the operator's key and has it done by a house. @throws what management refused it with, cli.key.*, cli.house.* */
export const orderHouse = async (
  crypto: Pick<Crypto, "ed25519">,
  record: InstanceRecord,
  house: InstanceRecord["houses"][number],
  { action, resource = "", argument = "", by }: Order,
  { as = by, operatorKey, reason }: OrderOptions,
): Promise<OrderAnswer> => {
  const key = readOperatorKey(record.dataDir, as, operatorKey);
  return giveOrder(crypto, { runDir: house.runDir, house: house.instance, operator: as, key, action, resource, argument, reason });
};
