import { type FailureTable } from "./failure-table.ts";

/** Failure codes of the area `config`. */
export const CONFIG_FAILURES = {
  "config.file.unreadable": { action: "refuse", says: "the configuration file cannot be read" },
  "config.file.oversize": { action: "refuse", says: "the configuration file is larger than any this program writes" },
  "config.json.malformed": { action: "refuse", says: "the configuration is not JSON" },
  "config.field.missing": { action: "refuse", says: "a field of the configuration is missing" },
  "config.field.unknown": { action: "refuse", says: "the configuration has a field this version does not know" },
  "config.field.invalid": { action: "refuse", says: "a field of the configuration has a value that is not allowed" },
  "config.version.unknown": { action: "refuse", says: "the configuration is of a version this program does not read" },
  "config.file.exists": { action: "refuse", says: "there is a configuration already; it is not overwritten" },
  "config.file.unwritable": { action: "refuse", says: "the configuration cannot be written there" },
  "config.name.long": { action: "refuse", says: "the name of the instance and that of a gateway are too long together" },
  "config.gateway.alone": { action: "refuse", says: "transfers go between gateways: name at least two" },
  "config.gateway.crowded": { action: "refuse", says: "a gateway has more domains than a house can hold" },
  "config.chain.nameTwice": { action: "refuse", says: "two chains have names that differ only in capital letters" },
  "config.chain.idTwice": { action: "refuse", says: "two chains have the same chain id, so signatures for one would be valid on the other" },
  "config.chain.mismatch": { action: "refuse", says: "an endpoint serves another chain than it is configured for" },
  "config.chain.silent": { action: "retry", says: "an endpoint of a chain does not answer" },
  "config.threshold.range": { action: "refuse", says: "the threshold of relay validators is out of range: (n + f) / 2 < t <= n - f" },
  "config.quorum.range": { action: "refuse", says: "the quorum of header witnesses is out of range: more than half, at most all" },
  "config.endpoint.shared": { action: "refuse", says: "two parts of a production gateway share an endpoint of a chain" },
  "config.production.isolation": { action: "refuse", says: "a production configuration needs isolation" },
  "config.production.development": { action: "refuse", says: "a production configuration has no development chains" },
  "config.domain.duplicate": { action: "refuse", says: "two domains share a name or a port" },
  "config.domain.standby": { action: "refuse", says: "a standby is not like the jailed domain it stands by: kind, chain, image, program and volume must be the same" },
  "config.domain.absent": { action: "refuse", says: "a house needs a management domain on port 0" },
} as const satisfies FailureTable;
