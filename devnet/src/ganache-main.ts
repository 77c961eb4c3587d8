import process from "node:process";

import { openGanache } from "./adapters/open-ganache.ts";
import { readGanacheOptions } from "./chain-command.ts";

/** Longest time to end by itself, in ms: it removes its temporary folder last. */
const END_WITHIN_MS = 3_000;

const close = await openGanache(readGanacheOptions(process.argv[2] ?? "")).catch((failed: unknown) => {
  console.error(failed instanceof Error ? failed.message : failed);
  return process.exit(1);
});

let isClosing = false;
const end = (): void => {
  if (isClosing) return;
  isClosing = true;
  setTimeout(() => process.exit(0), END_WITHIN_MS).unref();
  void close();
};
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, end);
