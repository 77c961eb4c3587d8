import { makeTreeHash, type NoteKey, type NoteSigner } from "@crossguardian/audit";
import { makeCrypto } from "@crossguardian/crypto";
import { concatBytes, utf8 } from "@crossguardian/kernel";
import { type Audit, type AuditFiles, openAudit } from "../../src/index.ts";

export const crypto = await makeCrypto();
const pair = crypto.ed25519.keyPair(crypto.sha256(utf8("audit key of the tests")));
export const auditKey: NoteKey = { name: "crossguardian/demo-gateway-a/audit", publicKey: pair.publicKey };
export const auditPrivateKey = pair.privateKey;

/** The key of the tests' log after so many rotations. */
export const signerAfter = (rotations: number): NoteSigner => {
  const { publicKey, privateKey } = rotations === 0 ? pair : crypto.ed25519.keyPair(crypto.sha256(utf8(`audit key ${String(rotations)} of the tests`)));
  return { key: { name: auditKey.name, publicKey }, privateKey };
};
export const treeHash = makeTreeHash(crypto.sha256);

/** Everything a log has on the disk, as a value. */
export type AuditDisk = { log: Uint8Array; checkpoint: string | null; next: string | null };

/** A disk in memory that stops for good before its write number `failAt`, counted from 0. */
export const makeDisk = (from: AuditDisk = { log: new Uint8Array(0), checkpoint: null, next: null }, failAt = Infinity): { readonly disk: AuditDisk; readonly files: AuditFiles } => {
  const disk = { ...from };
  let writes = 0;
  const write = async (run: () => void): Promise<void> => {
    writes += 1;
    if (writes > failAt) throw new Error("the disk is gone");
    run();
  };
  return {
    disk,
    files: {
      read: async () => ({ ...disk }),
      cut: (keepBytes) => write(() => void (disk.log = disk.log.slice(0, keepBytes))),
      append: (text) => write(() => void (disk.log = concatBytes([disk.log, utf8(text)]))),
      writeNext: (note) => write(() => void (disk.next = note)),
      promoteNext: () => write(() => {
        disk.checkpoint = disk.next;
        disk.next = null;
      }),
    },
  };
};

/** Opens the log on a disk of the tests. */
export const openOn = async (files: AuditFiles, seen: string | null = null, onCheckpoint: (note: string) => void = () => undefined, { key, privateKey }: NoteSigner = signerAfter(0)): Promise<Audit> => {
  const { audit } = await openAudit({
    sha256: crypto.sha256, ed25519: crypto.ed25519, files, clock: { wallMs: () => 7 }, key, privateKey, untrustedSeen: seen, onCheckpoint, lastOf: ["none"],
  });
  return audit;
};

/** Lines of a log. */
export const linesOn = ({ log }: AuditDisk): readonly string[] => new TextDecoder().decode(log).split("\n").slice(0, -1);
