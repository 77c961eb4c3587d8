import { fileURLToPath } from "node:url";

import { type Command } from "commander";

import { BYTES_PER_LINE, readSecurityInput } from "../analyze/read-programs.ts";
import { analyzeSecurity, type DomainRisk, type SecurityResult } from "../analyze/security.ts";
import { type Context, examples, JSON_OPTION } from "../context.ts";

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

/** `analyze` */
export const registerAnalyze = (program: Command, { needRoot, print }: Context): void => {
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
};
