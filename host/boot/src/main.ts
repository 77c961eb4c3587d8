import { CodedError, describeFailure } from "@crossguardian/kernel";
import { join } from "node:path";
import { findDifferences, imagesOf, measureSizes, seal, type DomainSize } from "./index.ts";

const PRINTED_DIFFERENCES_COUNT = 20;
const root = join(import.meta.dirname, "..", "..", "..");
const [command = "", ...flags] = process.argv.slice(2);
const json = flags.includes("--json");

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const sizeLine = (size: DomainSize): string =>
  [
    size.image.padEnd(12),
    `${String(size.ownLines).padStart(7)} lines`,
    `${String(Math.ceil(size.ownBytes / 1024)).padStart(7)} KiB own`,
    `${String(size.thirdPartyPackages).padStart(5)} packages`,
    `${String(size.thirdPartyLines).padStart(8)} lines`,
    `${String(Math.ceil(size.thirdPartyBytes / 1024)).padStart(7)} KiB third party`,
  ].join(" ");

const commands: Readonly<Record<string, () => number>> = {
  seal: () => {
    const { images } = seal({ root });
    const files = Object.values(images).reduce((sum, image) => sum + image.files.length, 0);
    print(json ? JSON.stringify({ images: Object.keys(images), files }) : `sealed ${String(Object.keys(images).length)} images, ${String(files)} files`);
    return 0;
  },
  verify: () => {
    const differences = findDifferences({ root }, Object.keys(imagesOf(root)));
    if (json) print(JSON.stringify({ differences: differences.slice(0, PRINTED_DIFFERENCES_COUNT), count: differences.length }));
    else for (const each of differences.slice(0, PRINTED_DIFFERENCES_COUNT)) print(describeFailure(each));
    if (!json && differences.length === 0) print("everything is as it was sealed");
    return differences.length === 0 ? 0 : 1;
  },
  sizes: () => {
    const sizes = measureSizes(root, imagesOf(root));
    print(json ? JSON.stringify(sizes) : sizes.map(sizeLine).join("\n"));
    return 0;
  },
};

const run = Object.hasOwn(commands, command) ? commands[command] : undefined;
try {
  if (run === undefined) {
    process.stderr.write("usage: main.ts seal|verify|sizes [--json]\n");
    process.exitCode = 2;
  } else {
    process.exitCode = run();
  }
} catch (error) {
  if (!(error instanceof CodedError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
