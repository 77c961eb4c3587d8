import { join } from "node:path";
import { decodeAuditRecord, type NoteSigner } from "@crossguardian/audit";
import { accessDigest, type CredentialRules, FLOORS, type ProfileDocument, profileOf, PROFILES_IN_FORCE, unfitOperator } from "@crossguardian/access";
import { type Crypto } from "@crossguardian/crypto";
import { type Clock, CodedError, failure, type Log, keyLabel } from "@crossguardian/kernel";
import { type AccessPoint, makeAccessPoint } from "../access/access-point.ts";
import { CHANGED, changedRecord, serveChanges } from "../access/change-desk.ts";
import { loadVersions } from "../access/load-document.ts";
import { loadProfiles, MANAGEMENT_DOMAIN, profiledRecord, type RecordedProfiles } from "../access/load-profiles.ts";
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
export type Operations = {
  readonly audit: Audit;
  readonly access: AccessPoint | null;
  readonly orders: OrderDesk | null;
  /** The checked security profiles; null: a development house has none. */
  readonly profiles: ProfileDocument | null;
  /** Prepares the audit log for another root key of management; null: it has none. */
  readonly prepareKey: ((rootKey: Uint8Array) => Promise<void>) | null;
};

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
  name: instance, production, domains: [...domains.map(({ name, kind, chain }) => ({ name, kind, chain })), MANAGEMENT_DOMAIN],
});

const factsOf = (line: string | undefined): Readonly<Record<string, unknown>> => (line === undefined ? {} : (decodeAuditRecord(line)?.facts ?? {}));

const versionOf = (line: string | undefined): number => {
  const { version } = factsOf(line);
  return typeof version === "number" ? version : 0;
};

const recordedProfiles = (line: string | undefined): RecordedProfiles | null => {
  const { version, digest, officers } = factsOf(line);
  return typeof version === "number" && typeof digest === "string" && typeof officers === "number" ? { version, digest, officers } : null;
};

/** What credentials must be like for orders about a domain; about the house, or without profiles: as for management, or the weakest level. */
const credentialRules = (house: ManagedHouse, profiles: ProfileDocument | null) => (resource: string): CredentialRules => {
  if (profiles === null) return FLOORS.basic.credentials;
  const domain = house.domains.find(({ name }) => name === resource) ?? MANAGEMENT_DOMAIN;
  return profileOf(profiles, house.house, domain).credentials;
};

/** Opens the log, loads operators, policy and security profiles, checks all. @throws access.*: management must not start with rules that are not sound */
export const openOperations = async (parts: OperationsParts): Promise<Operations> => {
  const { house, crypto, rootKey, dataPath, clock, log } = parts;
  if (rootKey === null || dataPath === null) {
    // Profiles are signed by the officers of a document, which stands with the log.
    if (house.production || house.profiles !== null) throw new CodedError("access.profile.missing");
    return { audit: closedAudit(failure("audit.log.missing")), access: null, orders: null, profiles: null, prepareKey: null };
  }
  const { sha256, ed25519 } = crypto;
  const signerOf = (root: Uint8Array): NoteSigner => {
    const { privateKey, publicKey } = ed25519.keyPair(crypto.deriveKey(root, AUDIT_KEY_LABEL));
    return { key: { name: auditOrigin(house.instance), publicKey }, privateKey };
  };
  const { key, privateKey } = signerOf(rootKey);
  const opened = await openAudit({
    sha256, ed25519, clock, key, privateKey, files: await openAuditFiles(join(dataPath, "audit")), untrustedSeen: house.checkpoint, onCheckpoint: parts.onCheckpoint, lastOf: [CHANGED, PROFILES_IN_FORCE],
  }).catch((error: unknown) => {
    if (!(error instanceof CodedError)) throw error;
    return { audit: closedAudit(error.failure), last: new Map<string, string>() };
  });
  const { audit } = opened;
  const trouble = audit.trouble();
  if (trouble !== null) log.alarm("audit.closed", { code: trouble.code, ...trouble.facts });
  if (house.access === null) {
    if (house.production || house.profiles !== null) throw new CodedError("access.profile.missing");
    return { audit, access: null, orders: null, profiles: null, prepareKey: null };
  }

  const changes = await openChangeFile(join(dataPath, "access.jsonl"));
  const recorded = versionOf(opened.last.get(CHANGED));
  const { versions, inForce: document } = loadVersions({ sha256, verify: ed25519.verify }, house.instance, house.access, changes.changes, recorded);
  const last = recordedProfiles(opened.last.get(PROFILES_IN_FORCE));
  const profiles = loadProfiles({ sha256, verify: ed25519.verify, nowMs: clock.wallMs(), access: versions, recorded: last }, house);
  const ruled = ruledHouse(house);
  const access = makeAccessPoint({ audit, clock, makeRules: makeCedarRules }, ruled, document);
  if (document.version > recorded && trouble === null) await audit.append(changedRecord(document, accessDigest(sha256, document), ["management"]));
  if (profiles !== null && profiles.version !== last?.version && trouble === null) await audit.append(profiledRecord(sha256, profiles));
  const credentials = credentialRules(house, profiles);
  const orders = makeOrderDesk({ house: house.instance, clock, log, audit, access, verify: ed25519.verify, credentials });
  serveChanges(orders, {
    house: house.instance, clock, audit, access, sha256, verify: ed25519.verify, keep: changes.keep,
    officers: credentials("").officers,
    checkDocument: (next) => {
      const unfit = unfitOperator(credentials(""), next, clock.wallMs());
      if (unfit !== null) throw new CodedError("access.document.credentials", { operator: unfit });
      const rules = makeCedarRules(ruled, next);
      if (!rules.ok) throw new CodedError(rules.failure.code, rules.failure.facts);
    },
  });
  orders.serve("readAudit", async () => ({ ...audit.head(), origin: key.name }));
  return { audit, access, orders, profiles, prepareKey: async (next) => audit.handOver(signerOf(next)) };
};
