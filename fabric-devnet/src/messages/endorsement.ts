import { ledger, peer } from "@hyperledger/fabric-protos";
import { type Member } from "../organization.ts";
import { signLowS } from "../pki/signer.ts";
import { sha256 } from "./hash.ts";
import { type Proposal } from "./proposal.ts";

/** Version of a state value: where it was written. */
export type Version = { readonly block: number; readonly tx: number };
/** What a simulation read and would write, by key. */
export type ReadWriteSet = {
  readonly reads: readonly { readonly key: string; readonly version: Version | null }[];
  readonly writes: readonly { readonly key: string; readonly value: Uint8Array | null }[];
};
/** What a chaincode answered. */
export type Outcome = {
  readonly status: number;
  readonly message: string;
  readonly payload: Uint8Array;
  readonly event: { readonly name: string; readonly payload: Uint8Array } | null;
};

/** ledger.rwset.TxReadWriteSet of one namespace. */
export const encodeReadWriteSet = (namespace: string, { reads, writes }: ReadWriteSet): Uint8Array => {
  const set = new ledger.rwset.kvrwset.KVRWSet();
  for (const { key, version } of reads) {
    const read = new ledger.rwset.kvrwset.KVRead();
    read.setKey(key);
    if (version !== null) {
      const at = new ledger.rwset.kvrwset.Version();
      at.setBlockNum(version.block);
      at.setTxNum(version.tx);
      read.setVersion(at);
    }
    set.addReads(read);
  }
  for (const { key, value } of writes) {
    const write = new ledger.rwset.kvrwset.KVWrite();
    write.setKey(key);
    if (value === null) write.setIsDelete(true);
    else write.setValue(value);
    set.addWrites(write);
  }
  const inNamespace = new ledger.rwset.NsReadWriteSet();
  inNamespace.setNamespace(namespace);
  inNamespace.setRwset(set.serializeBinary());
  const all = new ledger.rwset.TxReadWriteSet();
  all.addNsRwset(inNamespace);
  return all.serializeBinary();
};

/** Reads what {@link encodeReadWriteSet} writes; null when it is not that. */
export const decodeReadWriteSet = (namespace: string, bytes: Uint8Array): ReadWriteSet | null => {
  try {
    const [only, ...rest] = ledger.rwset.TxReadWriteSet.deserializeBinary(bytes).getNsRwsetList();
    if (only?.getNamespace() !== namespace || rest.length > 0) return null;
    const set = ledger.rwset.kvrwset.KVRWSet.deserializeBinary(only.getRwset_asU8());
    return {
      reads: set.getReadsList().map((each) => {
        const version = each.getVersion();
        return { key: each.getKey(), version: version === undefined ? null : { block: version.getBlockNum(), tx: version.getTxNum() } };
      }),
      writes: set.getWritesList().map((each) => ({ key: each.getKey(), value: each.getIsDelete() ? null : each.getValue_asU8() })),
    };
  } catch {
    return null;
  }
};

/** peer.Response. */
export const responseOf = ({ status, message, payload }: Outcome): peer.Response => {
  const response = new peer.Response();
  response.setStatus(status);
  response.setMessage(message);
  response.setPayload(payload);
  return response;
};

/** peer.ProposalResponsePayload: what endorsers sign. */
export const proposalResponsePayload = (chaincode: string, proposal: Omit<Proposal, "bytes">, outcome: Outcome, results: Uint8Array): Uint8Array => {
  const chaincodeId = new peer.ChaincodeID();
  chaincodeId.setName(chaincode);
  const action = new peer.ChaincodeAction();
  action.setResults(results);
  action.setResponse(responseOf(outcome));
  action.setChaincodeId(chaincodeId);
  if (outcome.event !== null) {
    const event = new peer.ChaincodeEvent();
    event.setChaincodeId(chaincode);
    event.setTxId(proposal.txId);
    event.setEventName(outcome.event.name);
    event.setPayload(outcome.event.payload);
    action.setEvents(event.serializeBinary());
  }
  const payload = new peer.ProposalResponsePayload();
  payload.setProposalHash(sha256(proposal.channelHeader, proposal.signatureHeader, proposal.payload));
  payload.setExtension$(action.serializeBinary());
  return payload.serializeBinary();
};

/** An endorser's signature over payload || its identity. */
export const endorse = (payload: Uint8Array, endorser: Member, sign = signLowS): peer.Endorsement => {
  const endorsement = new peer.Endorsement();
  endorsement.setEndorser(endorser.identity);
  endorsement.setSignature(sign(endorser.key, Buffer.concat([payload, endorser.identity])));
  return endorsement;
};
