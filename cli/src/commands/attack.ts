import { randomBytes } from "node:crypto";

import { type AttackResult, type Group, GROUPS, LAB_DRIVERS, type LabDriver, type Layer, LAYERS, runAttack } from "@crossguardian/attack";
import { CodedError } from "@crossguardian/kernel";
import { type Command, Option } from "commander";

import { type Context, examples, JSON_OPTION } from "../context.ts";

const LEAST_LAYERS = 2;
/** Share of the probes that has to succeed beside the jail, or they prove little. */
const LEAST_CONTROL = 0.9;

type Options = { readonly driver: LabDriver; readonly only?: Group; readonly ablate?: Layer; readonly quick: boolean; readonly json: boolean };

const draw = (result: AttackResult): string => {
  const line = ({ id, control, domain, layers, ablated, unseen }: AttackResult["perProbe"][number]): string =>
    `  ${id.padEnd(32)} ${control ? "real" : "CONTROL FAILED"}  ${domain ? "OPEN" : unseen === undefined ? "stopped" : "not seen"}${layers.length > 0 ? ` by ${layers.join(", ")}` : ""}${ablated === true ? "  OPEN WITHOUT THE LAYER" : ""}`;
  return [
    ...result.perProbe.map(line),
    `${result.probes} probes: ${result.controlOpen} succeed beside the jail, ${result.domainOpen} in the domain${result.unseen === 0 ? "" : `, ${result.unseen} not seen: ${result.perProbe.find(({ unseen }) => unseen !== undefined)?.unseen ?? ""}`}${result.layersMin === null ? "" : `; each class is stopped by at least ${result.layersMin} layers`}`,
    ...(result.syscalls === null ? [] : [`system calls: ${result.syscalls.allowed} on the list, ${result.syscalls.tried} tried, ${result.syscalls.beyondList.length} beyond the list answered`]),
    ...(result.ablate === null ? [] : [`without ${result.ablate}: ${result.opened.length === 0 ? "nothing opens" : result.opened.join(", ")}`]),
    ...result.threats.filter(({ layers, needed }) => layers < needed).map(({ threat, layers }) => `weak: ${threat}: ${layers} layers`),
  ].join("\n");
};

const isGood = (result: AttackResult): boolean =>
  result.domainOpen === 0 &&
  result.controlOpen >= result.probes * LEAST_CONTROL &&
  (result.layersMin === null || result.layersMin >= LEAST_LAYERS) &&
  result.threats.every(({ layers, needed }) => layers >= needed) &&
  (result.syscalls?.beyondList.length ?? 0) === 0;

/** `attack` */
export const registerAttack = (program: Command, { places, needRoot, stopSignal, print, setExitCode }: Context): void => {
  program
    .command("attack")
    .description("attacks a gateway that it starts for the purpose, from inside its domains; canaries outside decide; exit code 1 when anything got out")
    .addOption(new Option("--driver <name>", "isolation driver").choices(LAB_DRIVERS).default("oci" satisfies LabDriver))
    .addOption(new Option("--only <group>", "only the probes of this group").choices(GROUPS))
    .addOption(new Option("--ablate <layer>", "show also what opens when this layer is taken away").choices(LAYERS))
    .option("--quick", "do not ask of each probe which layers stop it alone", false)
    .option(...JSON_OPTION)
    .addHelpText(
      "after",
      `\nEach probe runs beside the jail, as root, where it has to succeed, and in the domain, where it has to fail. Then each layer is tried\nalone, to tell which of them stops it. What succeeds on the host is taken back at once; run it on a machine that may be attacked.\n${examples(["attack", "attack --only files", "attack --only kernel --ablate seccomp", "attack --quick --json", "attack --driver gvisor --only files"])}`,
    )
    .action(async ({ driver, only, ablate, quick, json }: Options) => {
      needRoot(driver);
      if (driver !== "oci" && ablate !== undefined) throw new CodedError("cli.argument.bad", { why: "layers can be taken away under the driver oci alone", driver });
      const result = await runAttack({
        driver,
        only: only ?? null,
        ablate: ablate ?? null,
        layers: !quick && driver === "oci",
        places: { instance: `y-${randomBytes(2).toString("hex")}`, ...places },
        signal: stopSignal(),
        write: (text) => process.stderr.write(text),
      });
      print(json, result, () => draw(result));
      if (!isGood(result)) setExitCode(1);
    });
};
