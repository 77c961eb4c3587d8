import { join } from "node:path";
import { decodeAuditRecord, type NoteKey } from "@crossguardian/audit";
import { accessDigest } from "@crossguardian/access";
import { type Crypto } from "@crossguardian/crypto";
import { type Clock, CodedError, failure, type Log, keyLabel } from "@crossguardian/kernel";
import { type AccessPoint, makeAccessPoint } from "../access/access-point.ts";
import { CHANGED, changedRecord, serveChanges } from "../access/change-desk.ts";
import { loadDocument } from "../access/load-document.ts";
import { makeOrderDesk, type OrderDesk } from "../access/order-desk.ts";
import { type RuledHouse } from "../access/rules.ts";
import { closedAudit, openAudit } from "../audit/open-audit.ts";
import { type Audit } from "../audit/ports.ts";
import { type ManagedHouse } from "../house.ts";
import { openAuditFiles } from "./audit-files.ts";
import { makeCedarRules } from "./cedar-rules.ts";
import { openChangeFile } from "./change-file.ts";

/** Label below management's root key under which the audit log is signed. */
export const AUDIT_KEY_LABEL = keyLabel("audit-key");

/** Audit log, authorization point and order desk of a house. `access` and `orders` null: nobody may give orders here. */
export type Operations = { readonly audit: Audit; readonly access: AccessPoint | null; readonly orders: OrderDesk | null };

/** What it is opened with. `rootKey` and `dataPath` null: the house has no audit log. */
export type OperationsParts = {
  readonly house: ManagedHouse;
  readonly crypto: Crypto;
  readonly rootKey: Uint8Array | null;
  readonly dataPath: string | null;
  readonly clock: Clock;
  readonly log: Log;
  readonly onCheckpoint: (note: string) => void;
};

/** Name of a house's audit log. */
export const auditOrigin = (instance: string): string => `crossguardian/${instance}/audit`;

const ruledHouse = ({ instance, production, domains }: ManagedHouse): RuledHouse => ({
  name: instance, production, domains: domains.map(({ name, kind, chain }) => ({ name, kind, chain })),
});

const versionOf = (line: string | null): number => {
  const version = line === null ? undefined : decodeAuditRecord(line)?.facts?.["version"];
  return typeof version === "number" ? version : 0;
};

/** Opens the log, loads operators and policy, checks both. @throws access.*: management must not start with rules that are not sound */
export const openOperations = async (parts: OperationsParts): Promise<Operations> => {
  const { house, crypto, rootKey, dataPath, clock, log } = parts;
  if (rootKey === null || dataPath === null) return { audit: closedAudit(failure("audit.log.missing")), access: null, orders: null };
  const { sha256, ed25519 } = crypto;
  const { privateKey, publicKey } = ed25519.keyPair(crypto.deriveKey(rootKey, AUDIT_KEY_LABEL));
  const key: NoteKey = { name: auditOrigin(house.instance), publicKey };
  const opened = await openAudit({
    sha256, ed25519, clock, key, privateKey, files: await openAuditFiles(join(dataPath, "audit")), untrustedSeen: house.checkpoint, onCheckpoint: parts.onCheckpoint, lastOf: CHANGED,
  }).catch((error: unknown) => {
    if (!(error instanceof CodedError)) throw error;
    return { audit: closedAudit(error.failure), last: null };
  });
  const { audit } = opened;
  const trouble = audit.trouble();
  if (trouble !== null) log.alarm("audit.closed", { code: trouble.code, ...trouble.facts });
  if (house.access === null) return { audit, access: null, orders: null };

  const changes = await openChangeFile(join(dataPath, "access.jsonl"));
  const recorded = versionOf(opened.last);
  const document = loadDocument({ sha256, verify: ed25519.verify }, house.instance, house.access, changes.changes, recorded);
  const ruled = ruledHouse(house);
  const access = makeAccessPoint({ audit, clock, makeRules: makeCedarRules }, ruled, document);
  if (document.version > recorded && trouble === null) await audit.append(changedRecord(document, accessDigest(sha256, document), ["management"]));
  const orders = makeOrderDesk({ house: house.instance, clock, log, audit, access, verify: ed25519.verify });
  serveChanges(orders, {
    house: house.instance, clock, audit, access, sha256, verify: ed25519.verify, keep: changes.keep,
    checkPolicy: (next) => {
      const rules = makeCedarRules(ruled, next);
      if (!rules.ok) throw new CodedError(rules.failure.code, rules.failure.facts);
    },
  });
  orders.serve("readAudit", async () => ({ ...audit.head(), origin: key.name }));
  return { audit, access, orders };
};
