import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Client, credentials, type ServiceError, status } from "@grpc/grpc-js";
import { common, gateway, msp, orderer, peer } from "@hyperledger/fabric-protos";
import {
  type Call, makeProposal, type Member, openOrganization, type Proposal, type ProposalTwist, signEnvelope, signHighS, signLowS, signProposal,
  startFabric, type StartedFabric,
} from "../src/index.ts";

// What a peer refuses and how (the messages here are built from fabric-protos, not by the plugin's encoder).

const CHANNEL = "transfers";
const CHAINCODE = "counter";
const MAIN = new URL("support/counter-chaincode.ts", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "cg-fabric-"));
const code = peer.TxValidationCode;

let network: StartedFabric;
let grpc: Client;
let user: Member;

before(async () => {
  network = await startFabric({ folder, chaincodeMain: MAIN, channel: CHANNEL, chaincode: CHAINCODE, mspIds: ["Org1MSP", "Org2MSP", "Org3MSP"], threshold: 2 });
  const [first] = network.authorities.organizations;
  assert.ok(first);
  user = openOrganization(first.mspId, first.authority).member("user1", "client");
  grpc = new Client(network.peers[0] ?? "", credentials.createSsl(Buffer.from(network.authorities.tls.certificatePem)));
});
after(async () => {
  grpc.close();
  await network.stop();
  rmSync(folder, { recursive: true, force: true });
});

type Failed = { readonly code: number; readonly details: string; readonly told: readonly string[] };

const failure = (error: ServiceError): Failed => {
  const packed = error.metadata.get("grpc-status-details-bin")[0];
  const told = packed === undefined ? "" : Buffer.from(packed).toString("latin1");
  return { code: error.code, details: error.details, told: [told] };
};

const unary = async <A>(path: string, request: { readonly serializeBinary: () => Uint8Array }, decode: (bytes: Uint8Array) => A, deadlineMs = 10_000): Promise<A | Failed> =>
  new Promise((resolve) => {
    grpc.makeUnaryRequest(path, (each: typeof request) => Buffer.from(each.serializeBinary()), (bytes: Buffer) => decode(bytes), request, { deadline: Date.now() + deadlineMs }, (error, answer) => {
      resolve(error === null ? (answer as A) : failure(error));
    });
  });

const isFailed = (value: object): value is Failed => "told" in value;
const callOf = (func: string, key: string, more: Partial<Call> = {}): Call => ({ channel: CHANNEL, chaincode: CHAINCODE, args: [func, key].map((each) => Buffer.from(each)), ...more });

type More = { readonly twist?: ProposalTwist; readonly sign?: typeof signLowS; readonly by?: Member; readonly proposal?: Proposal };

const evaluate = async (call: Call, { twist, sign, by = user }: More = {}) => {
  const proposal = makeProposal(by, call, twist);
  const request = new gateway.EvaluateRequest();
  request.setTransactionId(proposal.txId);
  request.setChannelId(call.channel);
  request.setProposedTransaction(signProposal(proposal.bytes, by, sign));
  return unary("/gateway.Gateway/Evaluate", request, (bytes) => gateway.EvaluateResponse.deserializeBinary(bytes));
};

const endorse = async (call: Call, { twist, sign, by = user, proposal = makeProposal(by, call, twist) }: More = {}) => {
  const request = new gateway.EndorseRequest();
  request.setTransactionId(proposal.txId);
  request.setChannelId(call.channel);
  request.setProposedTransaction(signProposal(proposal.bytes, by, sign));
  const answer = await unary("/gateway.Gateway/Endorse", request, (bytes) => gateway.EndorseResponse.deserializeBinary(bytes));
  return isFailed(answer) ? answer : { txId: proposal.txId, proposal, envelope: answer.getPreparedTransaction() ?? new common.Envelope() };
};

const submit = async (txId: string, envelopeBytes: Uint8Array) => {
  const request = new gateway.SubmitRequest();
  request.setTransactionId(txId);
  request.setChannelId(CHANNEL);
  request.setPreparedTransaction(common.Envelope.deserializeBinary(envelopeBytes));
  return unary("/gateway.Gateway/Submit", request, (bytes) => gateway.SubmitResponse.deserializeBinary(bytes));
};

const commitStatus = async (txId: string, { sign = signLowS, deadlineMs = 10_000 } = {}) => {
  const request = new gateway.CommitStatusRequest();
  request.setTransactionId(txId);
  request.setChannelId(CHANNEL);
  request.setIdentity(user.identity);
  const signed = new gateway.SignedCommitStatusRequest();
  const bytes = request.serializeBinary();
  signed.setRequest(bytes);
  signed.setSignature(sign(user.key, bytes));
  return unary("/gateway.Gateway/CommitStatus", signed, (answer) => gateway.CommitStatusResponse.deserializeBinary(answer), deadlineMs);
};

const endorsed = async (call: Call) => {
  const answer = await endorse(call);
  assert.ok(!isFailed(answer), JSON.stringify(answer));
  return answer;
};

const commit = async (call: Call): Promise<{ readonly txId: string; readonly proposal: Proposal; readonly code: number; readonly height: number }> => {
  const { txId, proposal, envelope } = await endorsed(call);
  assert.ok(!isFailed(await submit(txId, signEnvelope(envelope.getPayload_asU8(), user))));
  const committed = await commitStatus(txId);
  assert.ok(!isFailed(committed));
  return { txId, proposal, code: committed.getResult(), height: committed.getBlockNumber() };
};

const assertFails = (answer: object, wanted: number, told: RegExp): void => {
  assert.ok(isFailed(answer), "it was not refused");
  assert.equal(answer.code, wanted, answer.details);
  assert.match(`${answer.details} ${answer.told.join(" ")}`, told);
};

describe("Evaluate", () => {
  test("answers what the chaincode answers, and changes nothing", async () => {
    await commit(callOf("add", "e"));
    for (let time = 0; time < 2; time += 1) {
      const answer = await evaluate(callOf("add", "e"));
      assert.ok(!isFailed(answer));
      assert.equal(Buffer.from(answer.getResult()?.getPayload_asU8() ?? []).toString(), "2");
    }
  });

  test("a chaincode error is UNKNOWN", async () => assertFails(await evaluate(callOf("fail", "x")), status.UNKNOWN, /chaincode response 500, it was asked to fail/u));
  test("a bad signature is FAILED_PRECONDITION", async () => assertFails(await evaluate(callOf("get", "x"), { sign: (key) => signLowS(key, randomBytes(3)) }), status.FAILED_PRECONDITION, /access denied/u));
  test("an unknown chaincode is FAILED_PRECONDITION", async () => assertFails(await evaluate(callOf("get", "x", { chaincode: "nothing" })), status.FAILED_PRECONDITION, /nothing/u));
  test("an unknown channel is UNAVAILABLE", async () => assertFails(await evaluate(callOf("get", "x", { channel: "nowhere" })), status.UNAVAILABLE, /nowhere/u));
});

describe("Endorse", () => {
  test("a chaincode error is ABORTED with what the chaincode said", async () => assertFails(await endorse(callOf("fail", "x")), status.ABORTED, /chaincode response 500, it was asked to fail/u));
  test("a bad signature is ABORTED, access denied", async () => assertFails(await endorse(callOf("add", "x"), { sign: (key) => signLowS(key, randomBytes(3)) }), status.ABORTED, /access denied/u));
  test("a signature with high s is ABORTED, access denied", async () => assertFails(await endorse(callOf("add", "x"), { sign: signHighS }), status.ABORTED, /access denied/u));
  test("an unknown organization is ABORTED, access denied", async () => {
    const identity = new msp.SerializedIdentity();
    identity.setMspid("Org9MSP");
    identity.setIdBytes(Buffer.from(user.certificate.pem));
    assertFails(await endorse(callOf("add", "x"), { by: { ...user, mspId: "Org9MSP", identity: identity.serializeBinary() } }), status.ABORTED, /access denied/u);
  });
  test("a transaction id that is not sha256 of nonce and creator is refused", async () => assertFails(await endorse(callOf("add", "x"), { twist: { txId: "00".repeat(32) } }), status.ABORTED, /txid/u));

  test("it answers an unsigned envelope whose action carries the proposal without the transient map, and two organizations' endorsements", async () => {
    const { envelope, proposal } = await endorsed(callOf("add", "t", { transient: { secret: Buffer.from("hidden") } }));
    assert.equal(envelope.getSignature_asU8().length, 0);
    const bytes = Buffer.from(envelope.getPayload_asU8());
    assert.ok(!bytes.includes("hidden"));
    const payload = common.Payload.deserializeBinary(bytes);
    const [action] = peer.Transaction.deserializeBinary(payload.getData_asU8()).getActionsList();
    const actionPayload = peer.ChaincodeActionPayload.deserializeBinary(action?.getPayload_asU8() ?? new Uint8Array(0));
    assert.deepEqual(Buffer.from(actionPayload.getChaincodeProposalPayload_asU8()), Buffer.from(proposal.payload));
    const endorsers = actionPayload.getAction()?.getEndorsementsList().map((each) => msp.SerializedIdentity.deserializeBinary(each.getEndorser_asU8()).getMspid());
    assert.deepEqual(endorsers, ["Org1MSP", "Org2MSP"]);
  });

  test("a committed proposal that is endorsed again is ABORTED, duplicate transaction", async () => {
    const { proposal } = await commit(callOf("add", "d"));
    assertFails(await endorse(callOf("add", "d"), { proposal }), status.ABORTED, /duplicate transaction found/u);
  });
});

describe("Submit and CommitStatus", () => {
  test("a transaction that was endorsed and signed is VALID", async () => assert.equal((await commit(callOf("add", "v"))).code, code.VALID));

  test("a bad envelope signature is ABORTED, FORBIDDEN", async () => {
    const { txId, envelope } = await endorsed(callOf("add", "f"));
    const bytes = signEnvelope(envelope.getPayload_asU8(), user, (key) => signLowS(key, randomBytes(3)));
    assertFails(await submit(txId, bytes), status.ABORTED, /FORBIDDEN/u);
  });

  test("an endorsed payload that was altered and signed again is taken, and gets code 10 at commit", async () => {
    const { txId, envelope } = await endorsed(callOf("add", "alter"));
    const payload = common.Payload.deserializeBinary(envelope.getPayload_asU8());
    const transaction = peer.Transaction.deserializeBinary(payload.getData_asU8());
    const [action] = transaction.getActionsList();
    const actionPayload = peer.ChaincodeActionPayload.deserializeBinary(action?.getPayload_asU8() ?? new Uint8Array(0));
    const response = peer.ProposalResponsePayload.deserializeBinary(actionPayload.getAction()?.getProposalResponsePayload_asU8() ?? new Uint8Array(0));
    const altered = Buffer.from(response.getExtension_asU8());
    altered.set(Buffer.from("\u0039"), altered.lastIndexOf("1"));
    response.setExtension$(altered);
    actionPayload.getAction()?.setProposalResponsePayload(response.serializeBinary());
    action?.setPayload(actionPayload.serializeBinary());
    payload.setData(transaction.serializeBinary());
    assert.ok(!isFailed(await submit(txId, signEnvelope(payload.serializeBinary(), user))));
    const committed = await commitStatus(txId);
    assert.ok(!isFailed(committed));
    assert.equal(committed.getResult(), code.ENDORSEMENT_POLICY_FAILURE);
  });

  test("one organization's endorsement taken away gets code 10 at commit", async () => {
    const { txId, envelope } = await endorsed(callOf("add", "few"));
    const payload = common.Payload.deserializeBinary(envelope.getPayload_asU8());
    const transaction = peer.Transaction.deserializeBinary(payload.getData_asU8());
    const [action] = transaction.getActionsList();
    const actionPayload = peer.ChaincodeActionPayload.deserializeBinary(action?.getPayload_asU8() ?? new Uint8Array(0));
    actionPayload.getAction()?.setEndorsementsList(actionPayload.getAction()?.getEndorsementsList().slice(1) ?? []);
    action?.setPayload(actionPayload.serializeBinary());
    payload.setData(transaction.serializeBinary());
    assert.ok(!isFailed(await submit(txId, signEnvelope(payload.serializeBinary(), user))));
    const committed = await commitStatus(txId);
    assert.ok(!isFailed(committed));
    assert.equal(committed.getResult(), code.ENDORSEMENT_POLICY_FAILURE);
  });

  test("of concurrent read-modify-writes of one key one is VALID, the others are MVCC_READ_CONFLICT", async () => {
    const all = await Promise.all(Array.from({ length: 5 }, async () => endorsed(callOf("add", "hot"))));
    await Promise.all(all.map(async ({ txId, envelope }) => submit(txId, signEnvelope(envelope.getPayload_asU8(), user))));
    const codes = await Promise.all(
      all.map(async ({ txId }) => {
        const committed = await commitStatus(txId);
        return isFailed(committed) ? -1 : committed.getResult();
      }),
    );
    assert.deepEqual(codes.toSorted((left, right) => left - right), [code.VALID, ...Array.from({ length: 4 }, () => code.MVCC_READ_CONFLICT)]);
  });

  test("the status of an unknown transaction waits until the deadline", async () => {
    assertFails(await commitStatus("ff".repeat(32), { deadlineMs: 300 }), status.DEADLINE_EXCEEDED, /./u);
  });
  test("a status request with a bad signature is PERMISSION_DENIED", async () => {
    assertFails(await commitStatus("ff".repeat(32), { sign: (key) => signLowS(key, randomBytes(3)) }), status.PERMISSION_DENIED, /access denied/u);
  });
});

type Told = { readonly txId: string; readonly height: number };

const events = (make: (request: gateway.ChaincodeEventsRequest) => void) => {
  const request = new gateway.ChaincodeEventsRequest();
  request.setChannelId(CHANNEL);
  request.setChaincodeId(CHAINCODE);
  request.setIdentity(user.identity);
  make(request);
  const signed = new gateway.SignedChaincodeEventsRequest();
  const bytes = request.serializeBinary();
  signed.setRequest(bytes);
  signed.setSignature(signLowS(user.key, bytes));
  const stream = grpc.makeServerStreamRequest(
    "/gateway.Gateway/ChaincodeEvents", (each: gateway.SignedChaincodeEventsRequest) => Buffer.from(each.serializeBinary()),
    (answer: Buffer) => gateway.ChaincodeEventsResponse.deserializeBinary(answer), signed,
  );
  stream.on("error", () => undefined);
  const told: Told[] = [];
  let more: (() => void) | null = null;
  stream.on("data", (each: gateway.ChaincodeEventsResponse) => {
    for (const event of each.getEventsList()) told.push({ txId: event.getTxId(), height: each.getBlockNumber() });
    more?.();
  });
  return {
    until: async (count: number): Promise<readonly Told[]> => {
      while (told.length < count) await new Promise<void>((resolve) => (more = resolve));
      return told;
    },
    stop: () => stream.cancel(),
  };
};

const at = (height: number): orderer.SeekPosition => {
  const specified = new orderer.SeekSpecified();
  specified.setNumber(height);
  const position = new orderer.SeekPosition();
  position.setSpecified(specified);
  return position;
};

test("chaincode events start at the next commit, at a given block, or after a transaction", async () => {
  const first = await commit(callOf("add", "one"));
  const second = await commit(callOf("add", "two"));
  const fromBlock = events((request) => request.setStartPosition(at(first.height)));
  assert.deepEqual((await fromBlock.until(2)).slice(0, 2).map(({ txId }) => txId), [first.txId, second.txId]);
  fromBlock.stop();
  const late = events((request) => {
    request.setStartPosition(at(first.height));
    request.setAfterTransactionId(first.txId);
  });
  assert.equal((await late.until(1))[0]?.txId, second.txId);
  late.stop();
  const fromNow = events(() => undefined);
  const probe = events((request) => request.setStartPosition(at(second.height)));
  await probe.until(1); // the stream opened before it is open by now as well
  const third = await commit(callOf("add", "three"));
  assert.equal((await fromNow.until(1))[0]?.txId, third.txId);
  fromNow.stop();
  probe.stop();
});

test("blocks are delivered from any height, signed and chained by hash; a stranger's request is FORBIDDEN", async () => {
  const { height } = await commit(callOf("add", "blocks"));
  const seek = (by: Member): common.Envelope => {
    const info = new orderer.SeekInfo();
    info.setStart(at(0));
    info.setStop(at(height));
    const channelHeader = new common.ChannelHeader();
    channelHeader.setType(common.HeaderType.DELIVER_SEEK_INFO);
    channelHeader.setChannelId(CHANNEL);
    const signatureHeader = new common.SignatureHeader();
    signatureHeader.setCreator(by.identity);
    signatureHeader.setNonce(randomBytes(24));
    const header = new common.Header();
    header.setChannelHeader(channelHeader.serializeBinary());
    header.setSignatureHeader(signatureHeader.serializeBinary());
    const payload = new common.Payload();
    payload.setHeader(header);
    payload.setData(info.serializeBinary());
    return common.Envelope.deserializeBinary(signEnvelope(payload.serializeBinary(), by));
  };
  const deliver = async (by: Member): Promise<readonly peer.DeliverResponse[]> =>
    new Promise((resolve, reject) => {
      const stream = grpc.makeBidiStreamRequest("/protos.Deliver/Deliver", (each: common.Envelope) => Buffer.from(each.serializeBinary()), (bytes: Buffer) => peer.DeliverResponse.deserializeBinary(bytes));
      const told: peer.DeliverResponse[] = [];
      stream.on("error", reject);
      stream.on("data", (each: peer.DeliverResponse) => {
        told.push(each);
        if (each.getTypeCase() === peer.DeliverResponse.TypeCase.STATUS) stream.end();
      });
      stream.on("end", () => resolve(told));
      stream.write(seek(by));
    });
  const told = await deliver(user);
  const blocks = told.flatMap((each) => each.getBlock() ?? []);
  assert.deepEqual(blocks.map((each) => each.getHeader()?.getNumber()), Array.from({ length: height + 1 }, (_, each) => each));
  assert.equal(told.at(-1)?.getStatus(), common.Status.SUCCESS);
  const hashes = blocks.map((each) => Buffer.from(each.getHeader()?.getPreviousHash_asU8() ?? []).toString("hex"));
  assert.equal(new Set(hashes).size, hashes.length);
  assert.ok(blocks.slice(1).every((each) => common.Metadata.deserializeBinary(each.getMetadata()?.getMetadataList_asU8()[0] ?? new Uint8Array(0)).getSignaturesList().length === 1));
  const stranger = await deliver(openOrganization("Org1MSP", { ...network.authorities.tls }).member("user1", "client"));
  assert.deepEqual(stranger.map((each) => each.getStatus()), [common.Status.FORBIDDEN]);
});
