import { chainOf, CodedError, equalBytes, failure, ok, parseServiceId, refuse, type Result, type Secp256k1 } from "@crossguardian/kernel";
import { checkAttestation, type EntriesTree, type Hashes, makeEntriesTree, type Registry } from "@crossguardian/protocol";
import { type Attestation, ENTRY_KIND, type EntryFacts, type Message } from "@crossguardian/wire";
import { leafOf } from "./convert.ts";

/** A block that t validators signed. */
export type AttestedBlock = {
  readonly height: bigint;
  /** Its digest: the next block's prevHash. */
  readonly hash: Uint8Array;
  readonly attestation: Attestation;
  readonly tree: EntriesTree;
  readonly leaves: readonly Uint8Array[];
  /** Entries that stand at their leaf. */
  readonly entries: readonly AttestedEntry[];
};

/** An entry whose leaf is in an attested block; its body proves itself later. */
export type AttestedEntry = { readonly facts: EntryFacts; readonly position: number; readonly untrustedBody: Uint8Array };

type Powers = { readonly hashes: Hashes; readonly secp256k1: Pick<Secp256k1, "recoverAddress"> };

const leafAt = (powers: Powers, registry: Registry, facts: EntryFacts): Uint8Array | null => {
  try {
    return leafOf(powers.hashes, registry, facts);
  } catch (error) {
    if (error instanceof CodedError) return null;
    throw error;
  }
};

/** The chain whose contract an entry is for. @throws kernel.id.malformed */
export const targetChainOf = ({ kind, from, to }: EntryFacts): string =>
  chainOf(parseServiceId(kind === ENTRY_KIND.receipt ? from : to));

/**
 * Checks a block in this order: t-of-n attestation, leaves give the root, each transfer entry gives the leaf at its
 * position. Entries of other kinds are left out. Stops a relay domain, an orderer or fewer than t validators that lie.
 * Errors: protocol.attestation.*, protocol.block.root, protocol.block.leaf.
 */
export const receiveBlock = (powers: Powers, registry: Registry, untrusted: Message<"block">): Result<AttestedBlock> => {
  const { header } = untrusted.attestation;
  const digest = checkAttestation(powers, registry.relayGenesis, registry.validators, untrusted.attestation);
  if (!digest.ok) return digest;
  const tree = makeEntriesTree(powers.hashes, untrusted.leaves);
  if (!equalBytes(tree.root, header.entriesRoot)) {
    return refuse(failure("protocol.block.root", { height: header.height }));
  }
  const entries: AttestedEntry[] = [];
  for (const { facts, position, body } of untrusted.entries) {
    if (facts.kind === ENTRY_KIND.register || facts.kind === ENTRY_KIND.validators) continue;
    const leaf = leafAt(powers, registry, facts);
    const stands = untrusted.leaves[position];
    if (leaf === null || stands === undefined || !equalBytes(leaf, stands)) {
      return refuse(failure("protocol.block.leaf", { height: header.height, position }));
    }
    entries.push({ facts, position, untrustedBody: body });
  }
  return ok({ height: header.height, hash: digest.value, attestation: untrusted.attestation, tree, leaves: untrusted.leaves, entries });
};
