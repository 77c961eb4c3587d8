import { type FailureTable } from "./failure-table.ts";

/** Failure codes of the area `launch`. */
export const LAUNCH_FAILURES = {
  "launch.user.notRoot": { action: "refuse", says: "the launcher makes namespaces and control groups and must be started as root" },
  "launch.house.running": { action: "refuse", says: "a launcher of this house runs already" },
  "launch.house.stopped": { action: "refuse", says: "the house is being stopped" },
  "launch.start.late": { action: "alarm", says: "not every domain was admitted within the deadline" },
  "launch.domain.refused": { action: "alarm", says: "management did not admit a domain" },
  "launch.domain.unknown": { action: "refuse", says: "the house has no domain of this name" },
  "launch.process.failed": { action: "retry", says: "a process of the host could not be started" },
  "launch.switch.ended": { action: "alarm", says: "the switch ended while the house was being started; its policy may be refused" },
  "launch.channel.failed": { action: "retry", says: "a channel could not be made" },
  "launch.uids.exhausted": { action: "refuse", says: "no block of user ids is free; remove the data of a house that is not used" },
  "launch.memory.overcommitted": { action: "refuse", says: "the domains of all houses on this machine were promised more memory than the over-commit bound allows; end a house, or use a machine with more memory" },
  "launch.cpu.overcommitted": { action: "refuse", says: "the cpu quotas of the house, with what may be lent, are more than the over-commit bound allows; lower another one first" },
  "launch.allocation.invalid": { action: "refuse", says: "a resource is not known, or its value is not within the bounds in the facts" },
  "launch.allocation.own": { action: "refuse", says: "management does not change its own allocation; change the house file's limits" },
  "launch.allocation.stored": { action: "alarm", says: "the kept allocations of the house are damaged; restore dataDir/HOUSE/allocations.json, or remove it to begin with the house file's limits" },
  "launch.path.unreachable": { action: "refuse", says: "a folder above cannot be entered by the users the domains run as" },
  "launch.key.epoch": { action: "alarm", says: "the key slot holds a key of an earlier epoch than the domain has used: an old key was put back" },
  "launch.key.expired": { action: "refuse", says: "the key is older than the domain's security profile allows, and is not used in production: crossguardian keys rotate DOMAIN --gateway HOUSE, with --offline while the house is down" },
  "launch.control.unsigned": { action: "refuse", says: "in production this needs a signed order of an operator" },
  "launch.control.malformed": { action: "refuse", says: "a request at the control socket is not understood" },
  "launch.control.unreachable": { action: "retry", says: "no launcher answers at the control socket" },
  "launch.control.late": { action: "retry", says: "no answer came within the deadline" },
  "launch.management.absent": { action: "retry", says: "the management domain is not there at the moment" },
  "launch.line.malformed": { action: "alarm", says: "management and launcher do not understand each other" },
} as const satisfies FailureTable;
