import { makeCrypto } from "@crossguardian/crypto";
import { CodedError, describeFailure } from "@crossguardian/kernel";
import { type AuditJudgement, auditKeyOf, auditKeyText, type AuditPlace, auditRecords, proveGrowth, proveRecord, readAudit, verifyAudit } from "@crossguardian/world";
import { type Command } from "commander";

import { type Context, count, examples, form, type InstanceOptions, repeated, withInstance } from "../context.ts";
import { findInstance, type InstanceRecord } from "../instance.ts";
import { housesOf, type OrderOptions, orderHouse, withOrder } from "../order.ts";
import { printable } from "../printable.ts";

const EXIT_WRONG = 1;
const MAX_RECORDS = 1_000_000;
const AUDITOR = "auditor";

type HouseOption = { readonly house?: string };
type Options = InstanceOptions & HouseOption & OrderOptions;

const withHouse = (command: Command): Command =>
  withOrder(withInstance(command), AUDITOR).option("--house <name>", "only this house", form(/^[a-z0-9-]{1,40}$/u, "a house's name"));

const placeOf = (record: InstanceRecord, { house, instance, dataDir }: InstanceRecord["houses"][number]): AuditPlace => ({ house, instance, dataDir, worldDir: record.dataDir });

const oneHouse = (record: InstanceRecord, name: string | undefined): InstanceRecord["houses"][number] => {
  const [house, ...more] = housesOf(record, name);
  if (house === undefined || more.length > 0) throw new CodedError("cli.argument.bad", { why: "name one house by --house", houses: record.houses.map((each) => each.house).join(" ") });
  return house;
};

const draw = ({ house, records, failure, comparedWith }: AuditJudgement): string =>
  failure === null
    ? `${house}: ${records} records are what was signed; compared with ${comparedWith.map(({ from, size }) => `${from} (${size})`).join(", ") || "nothing earlier"}`
    : `${house}: WRONG, ${describeFailure(failure)}`;

/** Asks for the right to read, which leaves a record; a house that does not run is read from its disk. */
const askToRead = async (context: Context, record: InstanceRecord, house: InstanceRecord["houses"][number], options: Options): Promise<void> => {
  try {
    await orderHouse(await makeCrypto(), record, house, { action: "readAudit", by: AUDITOR }, options);
  } catch (error) {
    // A log that is closed because it is damaged is what the reader has to see.
    if (!(error instanceof CodedError) || !["cli.house.silent", "access.order.closed"].includes(error.code)) throw error;
    context.say(`${house.house}: ${error.code}; its log is read from the disk, without a record of that`);
  }
};

/** `audit` */
export const registerAudit = (program: Command, context: Context): void => {
  const { places, print, setExitCode } = context;
  const audit = program
    .command("audit")
    .description("the log of who did what and why; every reading of it is written down in it")
    .addHelpText("after", examples(["audit verify", "audit show --house gateway-a --lines 20", "audit checkpoint > kept-elsewhere.txt"]));

  withHouse(audit.command("verify"))
    .description("checks every log: signature, edits, order, missing ends, roll-back and forks; exit code 1 when something is wrong")
    .option("--key <key>", "the log's public key as `audit key` prints it, instead of the one in this machine's slot", form(/^[^\s]{1,400}$/u, "name+hash+key"))
    .option("--against <file>", "a checkpoint kept elsewhere; may be repeated", repeated, [])
    .addHelpText("after", examples(["audit verify", "audit verify --house relay --against kept-elsewhere.txt --json"]))
    .action(async (options: Options & { readonly key?: string; readonly against: readonly string[] }) => {
      const record = findInstance(places, options);
      const crypto = await makeCrypto();
      const logs: AuditJudgement[] = [];
      for (const house of housesOf(record, options.house)) {
        await askToRead(context, record, house, options);
        logs.push(verifyAudit(crypto, await readAudit(crypto, placeOf(record, house), options.key), options.against));
      }
      const ok = logs.every(({ failure }) => failure === null);
      if (!ok) setExitCode(EXIT_WRONG);
      print(options.json, { ok, logs }, () => logs.map(draw).join("\n"));
    });

  withHouse(audit.command("show"))
    .description("the last records")
    .option("--lines <n>", "records per house", count(1, 10_000), 20)
    .addHelpText("after", examples(["audit show", "audit show --house gateway-a --lines 100 --json"]))
    .action(async (options: Options & { readonly lines: number }) => {
      const record = findInstance(places, options);
      const crypto = await makeCrypto();
      const shown: { readonly house: string; readonly records: ReturnType<typeof auditRecords> }[] = [];
      for (const house of housesOf(record, options.house)) {
        await askToRead(context, record, house, options);
        shown.push({ house: house.house, records: auditRecords(await readAudit(crypto, placeOf(record, house))).slice(-options.lines) });
      }
      print(options.json, { logs: shown }, () =>
        shown.flatMap(({ house, records }) => records.map(({ index, atMs, who, action, resource, decision, event, why }) =>
          printable(`${house} ${index} ${new Date(atMs).toISOString()} ${event} ${who} ${action} ${resource === "" ? "-" : resource} ${decision}: ${why}`))).join("\n"));
    });

  withHouse(audit.command("checkpoint"))
    .description("the signed checkpoint of one log, to be kept elsewhere: later `audit verify --against` shows that nothing before it was changed")
    .addHelpText("after", examples(["audit checkpoint --house gateway-a > checkpoint.txt"]))
    .action(async (options: Options) => {
      const record = findInstance(places, options);
      const house = oneHouse(record, options.house);
      const { note } = await readAudit(await makeCrypto(), placeOf(record, house));
      if (note === null) throw new CodedError("audit.checkpoint.missing", { house: house.house });
      print(options.json, { house: house.house, checkpoint: note }, () => note.trimEnd());
    });

  withInstance(audit.command("key"))
    .description("the public keys by which the logs are checked, in the form of signed notes")
    .addHelpText("after", examples(["audit key"]))
    .action(async (options: InstanceOptions) => {
      const record = findInstance(places, options);
      const crypto = await makeCrypto();
      const keys = record.houses.map((house) => ({ house: house.house, key: auditKeyText(crypto, auditKeyOf(crypto, placeOf(record, house))) }));
      print(options.json, { keys }, () => keys.map(({ key }) => key).join("\n"));
    });

  withHouse(audit.command("prove"))
    .description("a record with its proof of inclusion, or with --older the proof that the log only grew (RFC 6962); one JSON object")
    .argument("[record]", "number of the record, from 0", count(0, MAX_RECORDS))
    .option("--older <size>", "size of the earlier log", count(1, MAX_RECORDS))
    .addHelpText("after", examples(["audit prove 3 --house gateway-a", "audit prove --older 10 --house relay"]))
    .action(async (index: number | undefined, options: Options & { readonly older?: number }) => {
      const record = findInstance(places, options);
      const crypto = await makeCrypto();
      if ((index === undefined) === (options.older === undefined)) throw new CodedError("cli.argument.bad", { why: "either a record or --older" });
      const house = oneHouse(record, options.house);
      await askToRead(context, record, house, options);
      const log = await readAudit(crypto, placeOf(record, house));
      const proof = options.older === undefined ? proveRecord(crypto, log, index ?? 0) : proveGrowth(crypto, log, options.older);
      print(options.json, proof, () => JSON.stringify(proof, null, 2));
    });
};
