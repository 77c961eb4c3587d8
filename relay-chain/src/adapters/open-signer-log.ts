import { access, mkdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { CodedError, equalBytes, type Log } from "@crossguardian/kernel";
import { type CertifiedStep, certifiedStep, type Pool } from "@crossguardian/utxo";
import { decodeMessage } from "@crossguardian/wire";
import { type RecordLog } from "../log/record-log.ts";
import { SIGNER_RECORD } from "../signer/signer.ts";
import { UNUSED_KEY_FILE } from "./open-logs.ts";
import { openRecordFile, syncFolder } from "./record-file.ts";

/** A signer's log and the state it gives. */
export type SignerLog = { readonly journal: RecordLog; readonly certified: CertifiedStep[]; readonly pending: Uint8Array; readonly maySign: boolean };

const NONE = new Uint8Array(0);

/** Opens a signer's volume and brings the pool to where it was. A key without its log never signs again. @throws relaychain.log.foreign, relaychain.log.broken */
export const openSignerLog = async (folder: string, pool: Pool, address: Uint8Array, log: Log): Promise<SignerLog> => {
  await mkdir(folder, { recursive: true });
  const mark = join(folder, UNUSED_KEY_FILE);
  const certified: CertifiedStep[] = [];
  let pending: Uint8Array = NONE;
  let identity: Uint8Array | null = null;
  const journal = await openRecordFile({
    path: join(folder, "steps.log"),
    onRecord: (payload) => {
      const content = payload.slice(1);
      if (payload[0] === SIGNER_RECORD.identity) identity = content;
      else if (payload[0] === SIGNER_RECORD.signed) pending = content;
      else {
        const step = decodeMessage(certifiedStep, content);
        if (!step.ok) throw new CodedError("relaychain.log.broken", { why: step.failure.code });
        pool.certify(step.value);
        certified.push(step.value);
        pending = NONE;
      }
    },
    onTorn: ({ offset, bytes }) => log.warn("relaychain.log.torn", { log: "steps", offset, bytes }),
  });
  const found = identity as Uint8Array | null; // set while the log was read
  if (found !== null && !equalBytes(found, address)) throw new CodedError("relaychain.log.foreign");
  const isFresh = await access(mark).then(() => true, () => false);
  if (found === null && isFresh) {
    journal.append(Uint8Array.of(SIGNER_RECORD.identity), address.slice());
    await journal.flush();
  }
  const maySign = found !== null || isFresh;
  if (maySign && isFresh) {
    await unlink(mark);
    await syncFolder(folder);
  }
  if (!maySign) log.alarm("utxo.signer.logLost");
  return { journal, certified, pending, maySign };
};
