import { type AccessDocument, type CredentialRules, encodeOrder, FLOORS, encodeSignedOrder, type OperatorOrder, orderSigningBytes, type Role } from "@crossguardian/access";
import { type AuditRecord } from "@crossguardian/audit";
import { CodedError, type Failure, type Log, toHex, utf8 } from "@crossguardian/kernel";
import { type AccessPoint, type Audit, makeAccessPoint, makeCedarRules, makeOrderDesk, type OrderDesk, readDefaultPolicy, type RuledHouse } from "../../src/index.ts";
import { crypto } from "./audit-disk.ts";

/** The house of these tests. */
export const ruled: RuledHouse = {
  name: "demo-gateway-a",
  production: false,
  domains: [
    { name: "plugin-a", kind: "plugin", chain: "A" },
    { name: "plugin-b", kind: "plugin", chain: "B" },
    { name: "interaction", kind: "interaction", chain: null },
    { name: "management", kind: "management", chain: null },
  ],
};

const pairOf = (name: string) => crypto.ed25519.keyPair(crypto.sha256(utf8(`operator ${name}`)));

/** An operator of the tests. */
export const operatorOf = (name: string, roles: readonly Role[], more: Partial<AccessDocument["operators"][number]> = {}): AccessDocument["operators"][number] => ({
  name, publicKey: toHex(pairOf(name).publicKey), roles, chains: [], expiresMs: null, ...more,
});

/** The document of these tests, with the policy that comes with the project. */
export const first: AccessDocument = {
  version: 0,
  operators: [
    operatorOf("vera", ["viewer"]),
    operatorOf("ann", ["operator"]),
    operatorOf("bob", ["operator"], { chains: ["B"] }),
    operatorOf("tim", ["operator"], { expiresMs: 2_000 }),
    operatorOf("olga", ["security-officer"]),
    operatorOf("otto", ["security-officer"]),
    operatorOf("al", ["auditor"]),
    operatorOf("both", ["operator", "auditor"]),
  ],
  policy: readDefaultPolicy(),
};

/** An audit log in memory; `trouble` closes it. */
export const makeMemoryAudit = () => {
  const records: AuditRecord[] = [];
  let trouble: Failure | null = null;
  const audit: Audit = {
    append: async (record) => {
      if (trouble !== null) throw new CodedError(trouble.code, trouble.facts);
      records.push(record);
    },
    trouble: () => trouble,
    head: () => ({ size: records.length, checkpoint: null }),
    handOver: async () => undefined,
  };
  return { audit, records, close: (why: Failure) => void (trouble = why) };
};

const silent: Log = { info: () => undefined, warn: () => undefined, alarm: () => undefined };
let nonces = 0;

/** A signed order of an operator. */
export const orderOf = (operator: string, action: string, resource: string, more: Partial<OperatorOrder> = {}, signer = operator): string => {
  nonces += 1;
  const text = encodeOrder({ house: ruled.name, operator, action, resource, argument: "", reason: "test", atMs: 1_000, nonce: nonces.toString(16).padStart(32, "0"), ...more });
  return encodeSignedOrder({ text, signature: toHex(crypto.ed25519.sign(orderSigningBytes(text), pairOf(signer).privateKey)) });
};

/** A house's access point and desk over a log in memory. */
export const makeAccessHouse = (document: AccessDocument = first, startMs = 0, credentials: (resource: string) => CredentialRules = () => FLOORS.standard.credentials) => {
  let nowMs = startMs;
  const log = makeMemoryAudit();
  const clock = { wallMs: () => nowMs, monotonicMs: () => nowMs };
  const access: AccessPoint = makeAccessPoint({ audit: log.audit, clock, makeRules: makeCedarRules }, ruled, document);
  const desk: OrderDesk = makeOrderDesk({ house: ruled.name, clock, log: silent, audit: log.audit, access, verify: crypto.ed25519.verify, credentials });
  const give = async (...order: Parameters<typeof orderOf>): Promise<Record<string, never> & { failure?: { code: string; facts: Record<string, unknown> }; result?: unknown; why?: string }> =>
    JSON.parse(await desk.take(orderOf(...order))) as never;
  return { ...log, clock, access, desk, give, moveTo: (ms: number) => void (nowMs = ms) };
};
