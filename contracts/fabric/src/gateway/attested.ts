import { compareBytes, concatBytes, equalBytes, fromHex } from "@crossguardian/kernel";
import { checkAttestation, wordOf } from "@crossguardian/protocol";
import { type Attestation, type EntryFacts, type Message } from "@crossguardian/wire";
import { type Call } from "../call.ts";
import { demand, Refusal } from "../refusal.ts";
import { tables } from "./store.ts";

const MAX_TREE_DEPTH = 32;
const FIRST_EPOCH = 1n;

/** An entry as submitted, with its inclusion. */
export type SubmittedEntry = Message<"submit">["entries"][number];

/** Names of the Solidity contract for what an attestation can be refused for. */
const REASONS: Readonly<Record<string, string>> = {
  "protocol.attestation.epoch": "WrongEpoch",
  "protocol.attestation.threshold": "TooFewSignatures",
  "protocol.attestation.order": "SignersNotAscending",
  "protocol.attestation.stranger": "NotValidator",
};

const HALF_ORDER = fromHex("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0");

/** secp256k1 signatures of 65 bytes r || s || v, v 27 or 28, low s only (Signatures.sol). */
export const signerOf = ({ powers }: Pick<Call, "powers">, digest: Uint8Array, signature: Uint8Array): Uint8Array => {
  demand(signature.length === 65, "SignatureLength");
  demand(compareBytes(signature.subarray(32, 64), HALF_ORDER) <= 0, "SignatureHighS");
  const v = signature[64] ?? 0;
  demand(v === 27 || v === 28, "SignatureV");
  const signer = powers.secp256k1.recoverAddress(digest, signature.subarray(0, 64), v - 27);
  if (signer === null) throw new Refusal("SignatureInvalid");
  return signer;
};

/** Checks, in order: current epoch; enough signatures; each low-s, by a member, ascending (Attested.sol, requireAttested). */
export const requireAttested = async ({ ledger, powers, terms }: Call, attestation: Attestation): Promise<void> => {
  const set = await tables.validators.get(ledger, "");
  if (set === null) throw new Refusal("NotInitialised");
  const checked = checkAttestation(powers, terms.relayGenesis, { epoch: set.epoch, validators: set.members, threshold: set.threshold }, attestation);
  if (checked.ok) return;
  const reason = REASONS[checked.failure.code];
  if (reason !== undefined) throw new Refusal(reason);
  const digest = powers.hashes.blockDigest(terms.relayGenesis, attestation.header);
  for (const each of attestation.signatures) signerOf({ powers }, digest, each);
  throw new Refusal("SignatureInvalid");
};

const requireIncluded = ({ powers }: Call, root: Uint8Array, leaf: Uint8Array, position: number, siblings: readonly Uint8Array[]): void => {
  demand(siblings.length <= MAX_TREE_DEPTH && position < 2 ** siblings.length, "NotIncluded", { position });
  let node = leaf;
  for (const [level, sibling] of siblings.entries()) {
    const isRight = Math.floor(position / 2 ** level) % 2 === 1;
    node = isRight ? powers.hashes.node(sibling, node) : powers.hashes.node(node, sibling);
  }
  demand(equalBytes(node, root), "NotIncluded", { position });
};

/** The leaf names this relay, chain and contract, so an entry made for another target is not included here. */
export const requireEntry = (call: Call, root: Uint8Array, kind: EntryFacts["kind"], entry: SubmittedEntry): void => {
  const { terms, powers } = call;
  const leaf = powers.hashes.leaf(terms.relayGenesis, { chain: terms.chain, contract: terms.contract }, { ...entry, kind });
  requireIncluded(call, root, leaf, entry.position, entry.siblings);
};

/** (n + f) / 2 < t <= n - f with f = (n - 1) / 3: two sets of t share an honest validator, and f may be silent. */
export const installValidators = ({ ledger }: Call, epoch: bigint, members: readonly Uint8Array[], threshold: number): void => {
  const count = members.length;
  demand(count > 0 && count <= 64, "ValidatorSetInvalid");
  const faulty = Math.floor((count - 1) / 3);
  demand(2 * threshold > count + faulty && threshold <= count - faulty, "ValidatorSetInvalid");
  for (const [at, each] of members.entries()) {
    const before = members[at - 1] ?? new Uint8Array(20);
    demand(compareBytes(before, each) < 0, "ValidatorSetInvalid");
  }
  tables.validators.put(ledger, "", { epoch, members, threshold });
};

/** Installs the first set. */
export const installFirstValidators = (call: Call): void => {
  installValidators(call, FIRST_EPOCH, call.terms.validators, call.terms.threshold);
};

/** Moves to the next validator set by one VALIDATORS entry of the current epoch; blocks of the old epoch lapse. */
export const rotate = async (call: Call, submission: Message<"submit">): Promise<void> => {
  const { powers, terms } = call;
  await requireAttested(call, submission.attestation);
  const [entry] = submission.entries;
  const [set] = submission.results;
  if (entry === undefined || set === undefined || set.length % 20 !== 1) throw new Refusal("ValidatorSetInvalid");
  const members = Array.from({ length: Math.floor(set.length / 20) }, (_, at) => set.slice(at * 20, at * 20 + 20));
  const threshold = set.at(-1) ?? 0;
  const next = submission.attestation.header.epoch + 1n;
  const leaf = powers.hashes.validatorsLeaf(terms.relayGenesis, next, members, threshold);
  requireIncluded(call, submission.attestation.header.entriesRoot, leaf, entry.position, entry.siblings);
  installValidators(call, next, members, threshold);
};

/** keccak256 of words, for digests that only this contract makes. */
export const hashWords = ({ powers }: Pick<Call, "powers">, words: readonly (Uint8Array | bigint)[]): Uint8Array =>
  powers.hashes.keccak256(concatBytes(words.map((each) => (typeof each === "bigint" ? wordOf(each) : each))));
