import { realpathSync } from "node:fs";
import { tmpdir, totalmem } from "node:os";
import { fileURLToPath } from "node:url";

import { measureOverhead, promisedMemory } from "@crossguardian/isolation";
import { type Command } from "commander";

import { measureSwap } from "../analyze/measure-swap.ts";
import { type Compared, type DriverOverhead, driverOverhead, swapOverhead, type SwapOverhead } from "../analyze/overhead.ts";

import { BYTES_PER_LINE, readSecurityInput } from "../analyze/read-programs.ts";
import { analyzeSecurity, type DomainRisk, type SecurityResult } from "../analyze/security.ts";
import { type Context, examples, JSON_OPTION } from "../context.ts";
import { MEASURABLE_DRIVERS } from "../measurable-drivers.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

const ASSUMPTIONS = [
  "alpha = beta = 1; only ratios mean something",
  "every line is as likely to be wrong as every other, as the paper assumes",
  "sources are counted in lines, third parties included; of binaries, kernel and Node among them, 40 bytes count as a line",
  "the conventional gateway is the same code in one process space over the same kernel",
  "code that parses what nodes say (images appchain*) is untrusted, the rest trusted",
  "barriers fall independently; kernel modules and firmware are not counted",
] as const;

const rate = (value: number): string => (value === 0 ? "0" : value.toExponential(2));

const row = ({ domain, driver, insideLines, product, carrier, ratio }: DomainRisk): string =>
  `  ${domain.padEnd(12)} ${driver.padEnd(7)} ${String(insideLines).padStart(9)} lines  product ${rate(product).padStart(9)}  carrier ${rate(carrier).padStart(9)}  (11)/(6) ${ratio.toFixed(3)}`;

const draw = (result: SecurityResult): string =>
  [
    `conventional gateway: ${result.conventionalLines} lines, ${result.trustedLines} trusted, ${result.untrustedLines} untrusted; P(S_OS) = ${result.conventional.toFixed(2)} by equation (6)`,
    ...result.domains.map(row),
    "assumptions:",
    ...ASSUMPTIONS.map((words) => `  - ${words}`),
  ].join("\n");

const OVERHEAD_ASSUMPTIONS = [
  "T_trap and T_hypercall are the cheapest call of the domain's own kernel, Node's part of it included; a hypervisor that traps differently is none of these drivers",
  "a new page is one call in the model; under gVisor it is a fault that its calls have no part in, so the model tells too much there, and an emulated processor gets faster with what it has met, so what comes later is below the model",
  "an I/O is n bytes handed to the domain over its channel and a word that they are there; B_grant is what the channel carries, copies included",
  "T_event, what wakes the other side, is the rest of the price of one byte; T_validate is the rest of the price of a page among the fewest that are touched",
  "transfers of the fewest and the most bytes and the fewest pages give the parameters; what is compared is none of these",
  "T_compress is zstd of a page of a program, T_disk a page written until it is on the disk; a kernel that swaps writes many at a time",
  "alpha counts the memory bounds of everything of this project that runs now; no house is started above 4, in production above 1",
] as const;

/** Ratios up to the one above which no house is started. */
const ALPHAS = [1.5, 2, 4] as const;

const us = (value: number): string => `${value < 10 ? value.toFixed(2) : Math.round(value).toString()} us`;

const against = (unit: string, { of, modelUs, measuredUs, errorPercent }: Compared): string =>
  `    ${String(of).padStart(7)} ${unit.padEnd(5)}  model ${us(modelUs).padStart(10)}  measured ${us(measuredUs).padStart(10)}  ${errorPercent > 0 ? "+" : ""}${String(errorPercent)} %`;

const drawDriver = ({ driver, io, mmu }: DriverOverhead): readonly string[] => [
  driver,
  `  T_I/O = 2 T_trap + n/B_grant + T_event: T_trap ${us(io.trapUs)}, B_grant ${Math.round(io.bytesPerUs)} MB/s, T_event ${us(io.eventUs)}`,
  ...io.compared.map((each) => against("bytes", each)),
  `  T_mmu = m (T_hypercall + T_validate): T_hypercall ${us(mmu.hypercallUs)}, T_validate ${us(mmu.validateUs)}`,
  ...mmu.compared.map((each) => against("pages", each)),
];

const drawSwap = (swap: SwapOverhead): readonly string[] => [
  `swapping: T_compress ${us(swap.compressUs)}, T_disk ${us(swap.diskUs)}`,
  ...swap.compared.map((each) => against("pages", each)),
  ...swap.at.map(({ alpha, pages, seconds }, at) => `    alpha ${alpha.toFixed(2)}${at === 0 ? " (now)" : ""}: ${String(pages)} pages to swap out, ${seconds.toFixed(1)} s`),
];

/** `analyze` */
export const registerAnalyze = (program: Command, { needRoot, say, print }: Context): void => {
  const analyze = program.command("analyze").description("the paper's formulas over this installation");
  analyze
    .command("security")
    .description("equations (1) to (12): the chance that a taken-over domain breaks out, against a gateway in one system")
    .option(...JSON_OPTION)
    .addHelpText("after", examples(["analyze security", "analyze security --json"]))
    .action(({ json }: { readonly json: boolean }) => {
      needRoot("oci");
      const result = analyzeSecurity({ alpha: 1, beta: 1, ...readSecurityInput(ROOT) });
      print(json, { ...result, bytesPerLine: BYTES_PER_LINE, assumptions: ASSUMPTIONS }, () => draw(result));
    });
  analyze
    .command("overhead")
    .description("the cost model of section III-B (T_I/O, T_mmu, T_swap, alpha): parameters measured on this machine, model against measurement")
    .option(...JSON_OPTION)
    .addHelpText("after", `\nStarts one domain of each driver that works here. Run it on a quiet machine.\n${examples(["analyze overhead", "analyze overhead --json"])}`)
    .action(async ({ json }: { readonly json: boolean }) => {
      needRoot("oci");
      const drivers: DriverOverhead[] = [];
      const unmeasured: { readonly driver: string; readonly why: string }[] = [];
      for (const make of MEASURABLE_DRIVERS) {
        const { driver, usable, missing } = await make("/nonexistent").capabilities();
        say(`measuring ${driver}`);
        if (usable) drivers.push(driverOverhead(driver, await measureOverhead(make, realpathSync(process.execPath))));
        else unmeasured.push({ driver, why: missing.map(({ part, remedy }) => `${part}: ${remedy}`).join("; ") });
      }
      const promisedBytes = promisedMemory("").reduce((sum, bytes) => sum + bytes, 0);
      const swap = swapOverhead(measureSwap(tmpdir()), { physicalBytes: totalmem(), promisedBytes }, ALPHAS);
      print(json, { drivers, unmeasured, swap, assumptions: OVERHEAD_ASSUMPTIONS }, () =>
        [
          ...drivers.flatMap(drawDriver), ...unmeasured.map(({ driver, why }) => `${driver}: does not run here: ${why}`), ...drawSwap(swap),
          "assumptions:", ...OVERHEAD_ASSUMPTIONS.map((words) => `  - ${words}`),
        ].join("\n"));
    });
};
