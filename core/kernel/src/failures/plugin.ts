import { type FailureTable } from "./failure-table.ts";

/** Failure codes of the area `plugin`: every chain plugin but that of EVM chains, and the plugin kit. */
export const PLUGIN_FAILURES = {
  "plugin.config.refused": { action: "alarm", says: "the plugin can not run with its configuration" },
  "plugin.node.failed": { action: "retry", says: "the node can not be reached, or refuses" },
  "plugin.node.deadline": { action: "retry", says: "the node did not answer in time" },
  "plugin.node.genesis": { action: "alarm", says: "the node serves a chain with another genesis" },
  "plugin.node.reorg": { action: "alarm", says: "a block deeper than the configured depth was replaced" },
  "plugin.answer.oversize": { action: "refuse", says: "the node's answer is longer than its bound" },
  "plugin.answer.refused": { action: "refuse", says: "the node's answer has another form than was asked for, or does not hash to its header" },
  "plugin.manifest.refused": { action: "refuse", says: "the plugin's manifest is missing, or a field of it is" },
  "plugin.package.refused": { action: "refuse", says: "the package is not whole, not signed by its publisher, or holds what a package must not" },
  "plugin.package.stranger": { action: "refuse", says: "the package is signed by another publisher than the one named" },
  "plugin.installed.not": { action: "refuse", says: "no plugin of this name is installed" },
  "plugin.installed.used": { action: "refuse", says: "a plugin of this name is there already" },
} as const satisfies FailureTable;
