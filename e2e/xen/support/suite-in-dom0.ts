import { readdirSync } from "node:fs";
import { join } from "node:path";

import { type Dom0 } from "./boot-dom0.ts";
import { fileInDom0 } from "./file-in-dom0.ts";

const ROOT = join(import.meta.dirname, "../../..");
const SUITE = "host/isolation/test/xen/suite-in-dom0.ts";
const TESTKIT = "core/testkit";
const SAID = "/run/suite";
const ORDER_MS = 300_000;
const POLL_MS = 4_000;

/** Of the testkit Dom0 gets these, because the rest needs packages that Dom0 has not. */
const SUITE_MODULES = ["driver-suite", "cgroups-named"] as const;
const SUITE_INDEX = SUITE_MODULES.map((name) => `export * from "./${name}.ts";`).join("\n");

/** What Dom0 has not of the project: the suite and the program that it starts. */
const filesOf = (): readonly string[] => [
  SUITE, "host/isolation/test/probe-harness.ts", `${TESTKIT}/package.json`, ...SUITE_MODULES.map((name) => `${TESTKIT}/src/${name}.ts`),
  ...readdirSync(join(ROOT, "host/isolation/test/image")).map((name) => `host/isolation/test/image/${name}`),
];

/** What came of the suite: names of tests that passed and failed, and all it said. */
export type SuiteOutcome = { readonly passed: readonly string[]; readonly failed: readonly string[]; readonly said: string };

/** Runs the contract suite of the drivers in Dom0. @throws when it takes longer */
export const suiteInDom0 = async (dom0: Dom0, withinMs: number): Promise<SuiteOutcome> => {
  const { output } = await dom0.run(
    `${filesOf().map((path) => fileInDom0(path)).join("")}${fileInDom0(`${TESTKIT}/src/index.ts`, SUITE_INDEX)}mkdir -p /cg/node_modules/@crossguardian /var/suite\nln -sfn ../../${TESTKIT} /cg/node_modules/@crossguardian/testkit\nchmod -R a+rX /cg/host/isolation/test /cg/${TESTKIT}\n` +
    `TMPDIR=/var/suite setsid sh -c 'node --test-reporter=tap /cg/${SUITE} /cg/.crossguardian/domu > ${SAID} 2>&1; echo "code $?" >> ${SAID}' </dev/null >/dev/null 2>&1 &`,
    ORDER_MS,
  );
  if (output !== "") throw new Error(output);
  const end = performance.now() + withinMs;
  for (;;) {
    const { output: said } = await dom0.run(`cat ${SAID}`, ORDER_MS);
    const named = (word: string): readonly string[] => [...said.matchAll(new RegExp(`^${word} \\d+ - (.+)$`, "gmu"))].map(([, name = ""]) => name);
    if (/^code \d+$/mu.test(said)) return { passed: named("ok"), failed: named("not ok"), said };
    if (performance.now() > end) throw new Error(`the suite has not ended\n${said}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
};
