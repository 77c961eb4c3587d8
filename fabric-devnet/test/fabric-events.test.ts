import assert from "node:assert/strict";
import { randomBytes, X509Certificate } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { makeCrypto } from "@crossguardian/crypto";
import {
  encodeReadWriteSet,
  endorse,
  headerBytes,
  issue,
  makeAuthority,
  makeOrganization,
  makeProposal,
  type Member,
  type ProposalTwist,
  proposalResponsePayload,
  revoke,
  sealBlock,
  serializedIdentity,
  signEnvelope,
  signHighS,
  signLowS,
  transactionPayload,
} from "../src/index.ts";
import {
  decodeFabricBlock,
  encodeFabricEvents,
  FABRIC_EVENT_NAME,
  fabricHeaderBytes,
  type FabricTrust,
  fabricWitnessHash,
  isLowS,
  makeFabricVerifier,
} from "@crossguardian/proof";

const CHANNEL = "transfers";
const CHAINCODE = "gateway";
const crypto = await makeCrypto();
const contract = randomBytes(32);
const organizations = ["Org1MSP", "Org2MSP", "Org3MSP"].map((each) => makeOrganization(each));
const ordererOrg = makeOrganization("OrdererMSP");
const orderer = ordererOrg.member("orderer0", "orderer");
const peers = organizations.map((each) => each.member("peer0", "peer"));
const [org1, org2] = organizations;
const [peer1, peer2, peer3] = peers;
if (org1 === undefined || org2 === undefined || peer1 === undefined || peer2 === undefined || peer3 === undefined) throw new Error("no organizations");
const client = org1.member("user1", "client");

const trustWith = (revocations: readonly Uint8Array[] = []): FabricTrust => ({
  channel: CHANNEL,
  chaincode: CHAINCODE,
  organizations: [...organizations, ordererOrg].map(({ mspId, authority }) => ({
    mspId,
    authorities: [authority.der],
    revocations: mspId === "Org2MSP" ? revocations : [],
  })),
  endorsement: { threshold: 2, mspIds: organizations.map(({ mspId }) => mspId), unit: "peer" },
  blocks: { threshold: 1, mspIds: ["OrdererMSP"], unit: "orderer" },
});

const logs = [0, 1].map((each) => ({ topics: [randomBytes(32), randomBytes(32), randomBytes(32)], data: randomBytes(64 + each) }));

type Twist = ProposalTwist & {
  readonly client?: Member;
  readonly endorsers?: readonly Member[];
  readonly signEndorsement?: typeof signLowS;
  readonly signEnvelope?: typeof signLowS;
  readonly chaincode?: string;
  readonly channel?: string;
  readonly eventName?: string;
  /** Alters what was endorsed after it was endorsed. */
  readonly alter?: (responsePayload: Uint8Array) => Uint8Array;
  readonly proposeOther?: boolean;
};

const transaction = (twist: Twist = {}): Uint8Array => {
  const by = twist.client ?? client;
  const call = { channel: twist.channel ?? CHANNEL, chaincode: twist.chaincode ?? CHAINCODE, args: [Buffer.from("gateway:execute"), randomBytes(8)] };
  const proposal = makeProposal(by, call, twist);
  const event = { name: twist.eventName ?? FABRIC_EVENT_NAME, payload: encodeFabricEvents(logs) };
  const results = encodeReadWriteSet(call.chaincode, { reads: [{ key: "a", version: null }], writes: [{ key: "a", value: randomBytes(4) }] });
  const outcome = { status: 200, message: "", payload: new Uint8Array(0), event };
  const response = proposalResponsePayload(call.chaincode, proposal, outcome, results);
  const endorsements = (twist.endorsers ?? [peer1, peer2]).map((each) => endorse(response, each, twist.signEndorsement));
  const altered = twist.alter?.(response) ?? response;
  const said = twist.proposeOther === true ? { ...proposal, payload: makeProposal(by, { ...call, args: [] }).payload } : proposal;
  return signEnvelope(transactionPayload(said, altered, endorsements), by, twist.signEnvelope);
};

const PREVIOUS = randomBytes(32);
const blockOf = (envelopes: readonly Uint8Array[], more: { readonly codes?: Uint8Array; readonly orderers?: readonly Member[]; readonly sign?: typeof signLowS } = {}): Uint8Array =>
  sealBlock(
    { height: 7, previousHash: PREVIOUS, envelopes, codes: more.codes ?? new Uint8Array(envelopes.length), orderers: more.orderers ?? [orderer] },
    more.sign,
  ).block.serializeBinary();

const verifierOf = (trust = trustWith()) => makeFabricVerifier({ sha256: crypto.sha256, openCertificate: crypto.openCertificate }, trust, contract);
const verifier = verifierOf();

const codeOf = (block: Uint8Array, by = verifier): string => {
  const result = by.verify(block, [{ tx: 0, log: 0 }]);
  return result.ok ? "ok" : `${result.failure.code} ${String(result.failure.facts["because"] ?? "")}`.trim();
};

describe("evidence of a Fabric block", () => {
  test("a valid transaction proves the events it lists, by position, of the registered contract", () => {
    const block = blockOf([transaction(), transaction()]);
    const result = verifier.verify(block, [{ tx: 1, log: 1 }, { tx: 0, log: 0 }]);
    assert.ok(result.ok);
    assert.deepEqual(result.value.events.map(({ data }) => Buffer.from(data)), [logs[1]?.data, logs[0]?.data]);
    assert.ok(result.value.events.every(({ address }) => Buffer.from(address).equals(contract)));
    assert.equal(result.value.height, 7n);
    assert.deepEqual(Buffer.from(result.value.parentHash), PREVIOUS);
    assert.ok(Math.abs(Number(result.value.timestampS) - Date.now() / 1000) < 60);
  });

  test("the header's bytes and hash are those that fabric-protos and an independent ASN.1 writer make", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), fc.uint8Array({ minLength: 32, maxLength: 32 }), (height, hash) => {
        assert.deepEqual(Buffer.from(fabricHeaderBytes(BigInt(height), hash, hash)), Buffer.from(headerBytes(height, hash, hash)));
      }),
      { numRuns: 200 },
    );
    const sealed = sealBlock({ height: 300, previousHash: PREVIOUS, envelopes: [randomBytes(200), randomBytes(3)], codes: Uint8Array.of(0, 11), orderers: [orderer] });
    const block = decodeFabricBlock(crypto, sealed.block.serializeBinary());
    assert.deepEqual(Buffer.from(block.headerHash), Buffer.from(sealed.hash));
    assert.deepEqual([block.height, [...block.codes], block.data.length], [300n, [0, 11], 2]);
  });

  test("the witnessed hash covers the validation codes, which no orderer signs", () => {
    const envelopes = [transaction()];
    const [honest, changed] = [Uint8Array.of(0), Uint8Array.of(11)].map((codes) => fabricWitnessHash(crypto, decodeFabricBlock(crypto, blockOf(envelopes, { codes }))));
    assert.notDeepEqual(honest, changed);
    const result = verifier.verify(blockOf(envelopes), [{ tx: 0, log: 0 }]);
    assert.ok(result.ok);
    assert.deepEqual(result.value.blockHash, honest);
  });

  test("a transaction that was not committed as VALID proves nothing", () => {
    for (const code of [9, 10, 11, 254]) assert.equal(codeOf(blockOf([transaction()], { codes: Uint8Array.of(code) })), "proof.fabric.validationCode");
    assert.equal(codeOf(blockOf([])), "proof.fabric.validationCode");
  });

  test("an event that is replayed in a later block is refused there: the channel marks its transaction as a duplicate", () => {
    const envelope = transaction();
    assert.equal(codeOf(blockOf([envelope])), "ok");
    assert.equal(codeOf(blockOf([randomBytes(10), envelope].reverse(), { codes: Uint8Array.of(9, 1) })), "proof.fabric.validationCode");
  });
});

describe("forged endorsements are refused", () => {
  test("one organization too few", () => {
    assert.equal(codeOf(blockOf([transaction({ endorsers: [peer1] })])), "proof.fabric.endorsement none");
    const second = org1.member("peer1", "peer");
    assert.equal(codeOf(blockOf([transaction({ endorsers: [peer1, second, peer1] })])), "proof.fabric.endorsement none");
  });

  test("an organization that is not registered, or is not in the policy", () => {
    const stranger = makeOrganization("Org9MSP").member("peer0", "peer");
    assert.equal(codeOf(blockOf([transaction({ endorsers: [peer1, stranger] })])), "proof.fabric.endorsement stranger");
    const peerOfOrderers = ordererOrg.member("peer0", "peer");
    assert.equal(codeOf(blockOf([transaction({ endorsers: [peer1, peerOfOrderers] })])), "proof.fabric.endorsement stranger");
  });

  test("a certificate of the right organization by another authority, or one that is an authority itself", () => {
    const fake = makeOrganization("Org2MSP").member("peer0", "peer");
    assert.equal(codeOf(blockOf([transaction({ endorsers: [peer1, fake] })])), "proof.fabric.endorsement issuer");
    const authority: Member = { mspId: "Org2MSP", key: org2.authority.key, certificate: peer2.certificate, identity: serializedIdentity("Org2MSP", org2.authority.pem) };
    assert.equal(codeOf(blockOf([transaction({ endorsers: [peer1, authority] })])), "proof.fabric.endorsement issuer");
  });

  test("a client of the organization in place of its peer", () => {
    const user = org2.member("user1", "client");
    assert.equal(codeOf(blockOf([transaction({ endorsers: [peer1, user] })])), "proof.fabric.endorsement unit");
  });

  test("an altered result", () => {
    const alter = (payload: Uint8Array): Uint8Array => {
      const altered = Uint8Array.from(payload);
      altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1;
      return altered;
    };
    assert.match(codeOf(blockOf([transaction({ alter })])), /^proof\.fabric\.(endorsement signature|malformed|chaincode)$/u);
    const other = transaction();
    assert.equal(codeOf(blockOf([transaction({ alter: () => readResponse(other) })])), "proof.fabric.proposalHash");
  });

  test("an expired certificate, one that is not valid yet, and a revoked one", () => {
    const hour = 3_600_000;
    const expired = org2.member("peer2", "peer", { notBefore: new Date(Date.now() - 48 * hour), notAfter: new Date(Date.now() - hour) });
    assert.equal(codeOf(blockOf([transaction({ endorsers: [peer1, expired] })])), "proof.fabric.endorsement expired");
    const early = org2.member("peer3", "peer", { notBefore: new Date(Date.now() + hour) });
    assert.equal(codeOf(blockOf([transaction({ endorsers: [peer1, early] })])), "proof.fabric.endorsement expired");
    const list = revoke(org2.authority, [randomBytes(16), peer2.certificate.serial]);
    assert.equal(codeOf(blockOf([transaction()]), verifierOf(trustWith([list]))), "proof.fabric.endorsement revoked");
    assert.equal(codeOf(blockOf([transaction({ endorsers: [peer1, peer3] })]), verifierOf(trustWith([list]))), "ok");
  });

  test("a signature with high s", () => {
    assert.equal(codeOf(blockOf([transaction({ signEndorsement: signHighS })])), "proof.fabric.endorsement low-s");
    assert.equal(codeOf(blockOf([transaction({ signEnvelope: signHighS })])), "proof.fabric.creator low-s");
    for (let round = 0; round < 20; round += 1) {
      const message = randomBytes(20);
      assert.ok(isLowS(signLowS(client.key, message)) && !isLowS(signHighS(client.key, message)));
      const opened = crypto.openCertificate(client.certificate.der);
      assert.ok(opened?.verify(message, signLowS(client.key, message)));
    }
  });
});

const readResponse = (envelope: Uint8Array): Uint8Array => {
  const at = (bytes: Uint8Array, number: number): Uint8Array => {
    // Reads one length-delimited field of short keys: enough for what this file's own encoder wrote.
    for (let pos = 0; pos < bytes.length; ) {
      const key = bytes[pos] ?? 0;
      pos += 1;
      let length = 0;
      for (let shift = 0; ; shift += 7, pos += 1) {
        length += ((bytes[pos] ?? 0) & 0x7f) * 2 ** shift;
        if ((bytes[pos] ?? 0) < 0x80) break;
      }
      pos += 1;
      if (key >> 3 === number) return bytes.subarray(pos, pos + length);
      pos += length;
    }
    throw new Error("no such field");
  };
  return at(at(at(at(at(at(envelope, 1), 2), 1), 2), 2), 1);
};

describe("forged blocks and envelopes are refused", () => {
  test("a block that no registered orderer signed, or whose data was exchanged", () => {
    const fake = makeOrganization("OrdererMSP").member("orderer0", "orderer");
    assert.equal(codeOf(blockOf([transaction()], { orderers: [] })), "proof.fabric.blockSignature none");
    assert.equal(codeOf(blockOf([transaction()], { orderers: [fake] })), "proof.fabric.blockSignature issuer");
    assert.equal(codeOf(blockOf([transaction()], { orderers: [peer1] })), "proof.fabric.blockSignature unit");
    assert.equal(codeOf(blockOf([transaction()], { sign: signHighS })), "proof.fabric.blockSignature low-s");
    const sealed = sealBlock({ height: 7, previousHash: PREVIOUS, envelopes: [transaction()], codes: Uint8Array.of(0), orderers: [orderer] }).block;
    sealed.getData()?.setDataList([transaction()]);
    assert.equal(codeOf(sealed.serializeBinary()), "proof.fabric.dataHash");
    const renumbered = sealBlock({ height: 7, previousHash: PREVIOUS, envelopes: [transaction()], codes: Uint8Array.of(0), orderers: [orderer] }).block;
    renumbered.getHeader()?.setNumber(8);
    assert.equal(codeOf(renumbered.serializeBinary()), "proof.fabric.blockSignature signature");
  });

  test("another channel, chaincode, event name, transaction id, creator or proposal", () => {
    assert.equal(codeOf(blockOf([transaction({ channel: "other" })])), "proof.fabric.channel");
    assert.equal(codeOf(blockOf([transaction({ chaincode: "basic" })])), "proof.fabric.chaincode");
    assert.equal(codeOf(blockOf([transaction({ eventName: "Other" })])), "proof.fabric.event");
    assert.equal(codeOf(blockOf([transaction({ txId: "00".repeat(32) })])), "proof.fabric.txId");
    assert.equal(codeOf(blockOf([transaction({ client: makeOrganization("Org1MSP").member("user1", "client") })])), "proof.fabric.creator issuer");
    assert.equal(codeOf(blockOf([transaction({ signEnvelope: (key, message) => signLowS(key, Buffer.concat([message, Buffer.of(0)])) })])), "proof.fabric.creator signature");
    assert.equal(codeOf(blockOf([transaction({ proposeOther: true })])), "proof.fabric.proposalHash");
  });

  test("no bytes cause anything but a coded refusal", () => {
    const block = blockOf([transaction()]);
    fc.assert(
      fc.property(fc.nat(block.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const broken = Uint8Array.from(block);
        broken[at] = (broken[at] ?? 0) ^ flip;
        const result = verifier.verify(broken, [{ tx: 0, log: 0 }]);
        const honest = verifier.verify(block, [{ tx: 0, log: 0 }]);
        assert.ok(honest.ok);
        // Bytes that a peer does not sign (codes, spare metadata) change the witnessed hash or nothing.
        if (result.ok) assert.deepEqual(result.value.events, honest.value.events);
        else assert.match(result.failure.code, /^proof\./u);
      }),
      { numRuns: 400 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        assert.ok(!verifier.verify(bytes, [{ tx: 0, log: 0 }]).ok);
      }),
    );
  });
});

test("certificates made here open as OpenSSL's tools expect them, and trust that can not work is refused at once", () => {
  const certificate = new X509Certificate(peer1.certificate.der);
  assert.ok(certificate.verify(new X509Certificate(org1.authority.der).publicKey));
  assert.deepEqual(crypto.openCertificate(Buffer.from(peer1.certificate.pem))?.units, ["peer"]);
  assert.equal(crypto.openCertificate(randomBytes(50)), null);
  const trust = trustWith();
  assert.throws(() => verifierOf({ ...trust, endorsement: { ...trust.endorsement, threshold: 4 } }), /proof\.fabric\.trust/u);
  assert.throws(() => verifierOf({ ...trust, organizations: [] }), /proof\.fabric\.trust/u);
  const foreignList = revoke(makeAuthority("ca.Org2MSP"), [peer2.certificate.serial]);
  assert.throws(() => verifierOf(trustWith([foreignList])), /proof\.fabric\.malformed/u);
  assert.equal(issue(org1.authority, { commonName: "x", publicKey: certificate.publicKey }).serial.length, 16);
});
