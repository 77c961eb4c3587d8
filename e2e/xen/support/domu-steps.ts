import { type Dom0 } from "./boot-dom0.ts";
import { fileInDom0 } from "./file-in-dom0.ts";

/** A step of `host/isolation/test/xen/drive-domu.ts`. */
export type Step = { readonly step: string } & Readonly<Record<string, unknown>>;

const FOLDER = "host/isolation/test/xen";
const GO_ON = "/run/go-on";
const STEPS = "/run/steps";
const ORDER_MS = 300_000;
const POLL_MS = 4_000;

/** Starts a DomU in Dom0 through the driver; the steps are told in a file there. */
export const driveDomu = async (dom0: Dom0): Promise<void> => {
  const files = ["echo.ts", "drive-domu.ts"].map((name) => fileInDom0(`${FOLDER}/${name}`));
  const { output } = await dom0.run(
    `mkdir -p /run/driver\n${files.join("")}chmod -R a+rX /cg/${FOLDER}\nNODE_COMPILE_CACHE=/cg/.crossguardian/launcher-code setsid node /cg/${FOLDER}/drive-domu.ts ${GO_ON} /cg/.crossguardian/domu </dev/null >${STEPS} 2>/run/steps-errors &`,
    ORDER_MS,
  );
  if (output !== "") throw new Error(output);
};

/** What is to be known when a step does not come. */
export const lastWords = async (dom0: Dom0): Promise<string> =>
  (await dom0.run(`cat ${STEPS} /run/steps-errors; tail -n 20 /run/driver.log; xl list; tail -n 6 /var/log/xen/console/guest-*.log`, ORDER_MS)).output;

/** Waits for a step and returns it. @throws when it does not come, or a failure is told */
export const awaitStep = async (dom0: Dom0, step: string, withinMs: number): Promise<Step> => {
  const end = performance.now() + withinMs;
  for (;;) {
    const { output } = await dom0.run(`cat ${STEPS}`, ORDER_MS);
    const steps = output.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as Step);
    const found = steps.find((each) => each.step === step);
    if (found !== undefined) return found;
    if (steps.some((each) => each.step === "failed") || performance.now() > end) throw new Error(`no step ${step}\n${await lastWords(dom0)}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
};

/** Lets it go on to the end. */
export const letGo = async (dom0: Dom0): Promise<void> => {
  await dom0.run(`touch ${GO_ON}`, ORDER_MS);
};
