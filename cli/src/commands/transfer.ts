import { CodedError } from "@crossguardian/kernel";
import { awaitOutcome, devUsers, kindOf, type Outcome, readAccountKey, readSavedWorld, type SavedWorld, sendTransfer, type SentTransfer, type TransferOrder } from "@crossguardian/world";
import { type Command, InvalidArgumentError } from "commander";

import { address, type Context, count, examples, form, type InstanceOptions, withInstance } from "../context.ts";
import { findDataDir } from "../instance.ts";
import { parseTokens } from "../parse-tokens.ts";
import { operatorPowers } from "./contracts.ts";

type TransferOptions = InstanceOptions & {
  readonly amount: bigint;
  readonly receiver?: `0x${string}`;
  readonly key?: string;
  readonly certificate?: string;
  readonly timeout: number;
  readonly wait: boolean;
  readonly deadline: number;
};

const EXIT_ROLLED_BACK = 3;
const MS_PER_SECOND = 1_000;

/** Who sends: a key on an EVM chain, a certificate with its key on a Fabric channel. */
const senderFor = (saved: SavedWorld, from: string, { key, certificate }: TransferOptions): Pick<TransferOrder, "privateKey" | "member"> => {
  if (certificate !== undefined) {
    if (key === undefined) throw new CodedError("cli.key.missing", { fix: "--key FILE names the key of the certificate" });
    return { privateKey: null, member: { certificate, key } };
  }
  return { member: null, privateKey: kindOf(saved.topology, from) === "evm" ? keyFor(saved, key) : null };
};

const keyFor = (saved: SavedWorld, file: string | undefined): `0x${string}` => {
  if (file !== undefined) return readAccountKey(file);
  const [user] = devUsers(1);
  if (saved.nodes.length === 0 || user === undefined) throw new CodedError("cli.key.missing", { fix: "--key FILE names the sender's key" });
  return user.privateKey;
};

const draw = (sent: SentTransfer, end: Outcome | null): string =>
  [
    `sent in block ${sent.block} of chain ${sent.chain}: ${sent.transaction}`,
    `id ${sent.id}`,
    end === null
      ? `next: ./crossguardian trace "${sent.id}"`
      : `${end.outcome === "committed" ? "committed" : "rolled back"} in block ${end.block} after ${end.tookMs} ms`,
  ].join("\n");

const amount = (text: string): bigint => {
  const units = parseTokens(form(/^\d{1,8}(\.\d{1,18})?$/u, "an amount like 1.5")(text));
  if (units === 0n) throw new InvalidArgumentError("more than nothing");
  return units;
};

/** `transfer` */
export const registerTransfer = (program: Command, { places, print, say, setExitCode }: Context): void => {
  const chain = form(/^[A-Za-z0-9]{1,20}$/u, "a chain's name");
  withInstance(program.command("transfer"))
    .description("sends one asset transfer between chains of two gateways; exit code 3 when it was waited for and rolled back")
    .argument("<from>", "chain, for example A", chain)
    .argument("<to>", "chain of another gateway, for example C", chain)
    .option("--amount <tokens>", "how much, with up to 18 decimals", amount, 10n ** 18n)
    .option("--receiver <0x..>", "account on the other chain; default: the sender's", address)
    .option("--key <file>", "sender's private key; on development chains an account of theirs is used without it")
    .option("--certificate <file>", "sender's certificate on a Fabric channel, PEM; --key is then the file of its key, PEM")
    .option("--timeout <s>", "after so many seconds the transfer may be rolled back", count(1, 86_400), 120)
    .option("--wait", "follow it to commit or rollback", false)
    .option("--deadline <s>", "give up waiting after so many seconds", count(1, 86_400), 180)
    .addHelpText("after", examples(["transfer A C", "transfer A C --amount 2.5 --wait", "transfer A C --key alice.key --config crossguardian.json --json"]))
    .action(async (from: string, to: string, options: TransferOptions) => {
      const saved = readSavedWorld(findDataDir(places, options));
      const powers = await operatorPowers();
      const order = { from, to, amount: options.amount, timeoutMs: BigInt(options.timeout * MS_PER_SECOND), ...senderFor(saved, from, options), receiver: options.receiver ?? null };
      const sent = await sendTransfer(powers, saved, order);
      if (options.wait) say(`sent ${sent.id}`);
      const end = options.wait ? await awaitOutcome(powers, saved, sent, options.deadline * MS_PER_SECOND) : null;
      const { key: _, ...shown } = sent;
      print(options.json, { ...shown, ...end }, () => draw(sent, end));
      if (end?.outcome === "rolledBack") setExitCode(EXIT_ROLLED_BACK);
    });
};
