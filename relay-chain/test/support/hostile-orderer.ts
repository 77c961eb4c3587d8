import { concatBytes } from "@crossguardian/kernel";
import { makeLedger, makeRegistry, type Registry, type Ledger } from "@crossguardian/protocol";
import { type Message, type MessageName, type RelayHeader } from "@crossguardian/wire";
import { applyEntries, type BlockParts, planBlock } from "../../src/blocks/plan-block.ts";
import { type Link, type LinkHandlers } from "../../src/link/link.ts";
import { type RunningTestValidator, until } from "./test-cluster.ts";
import { type TestWorld } from "./test-world.ts";

/** What one validator said to the hostile orderer. */
export type Said = { readonly name: string; readonly message: unknown };

/** An orderer in the hands of an attacker: it says whatever it likes to each validator, and hears the answers. */
export type HostileOrderer = {
  readonly said: Said[][];
  readonly tell: (validator: number) => LinkHandlers;
  /** A proposal that follows from the parts and the state so far; `change` spoils it. */
  readonly propose: (
    parts: Partial<BlockParts>,
    batches: Message<"proposal">["batches"],
    change?: { readonly header?: Partial<RelayHeader>; readonly tickMs?: bigint },
  ) => Message<"proposal">;
  readonly digest: (proposal: Message<"proposal">) => Uint8Array;
  readonly answers: <N extends MessageName>(name: N, validator: number) => readonly Message<N>[];
  /** Gives everyone a certificate made of honest votes and notes the block as certified. */
  readonly certify: (proposal: Message<"proposal">, parts: Partial<BlockParts>, signatures: readonly Uint8Array[]) => void;
  readonly registry: () => Registry;
};

const NO_PARTS: BlockParts = { taken: [], cancels: [], registrations: [] };

/** Connects a hostile orderer to honest validators. */
export const makeHostileOrderer = (world: TestWorld, validators: readonly RunningTestValidator[]): HostileOrderer => {
  const powers = { hashes: world.hashes, secp256k1: world.crypto.secp256k1 };
  let registry: Registry = makeRegistry(world.hashes, world.genesis);
  const ledger: Ledger = makeLedger();
  let head = { height: 0n, hash: world.relayGenesis, tickMs: 1n };
  const said: Said[][] = validators.map(() => []);
  const handlers = validators.map(({ validator }, at) => {
    const link: Link = {
      send: (name, message) => {
        said[at]?.push({ name, message });
        return true;
      },
      sendEncoded: () => true,
      sendParts: () => true,
      queuedBytes: () => 0,
      close: (code) => said[at]?.push({ name: "close", message: code }),
    };
    return validator.handlersFor(() => link);
  });
  return {
    said,
    tell: (validator) => handlers[validator]!,
    propose: (parts, batches, change = {}) => {
      const all = { ...NO_PARTS, ...parts };
      const tickMs = change.tickMs ?? BigInt(Date.now());
      const plan = planBlock(powers, { registry, ledger }, tickMs, all);
      const entriesRoot = plan.ok ? plan.value.root : world.hashes.keccak256(concatBytes([Uint8Array.of(7)]));
      const header = {
        epoch: registry.validators.epoch,
        height: head.height + 1n,
        prevHash: head.hash,
        tickMs,
        entriesRoot,
        ...change.header,
      };
      return { header, batches, cancels: all.cancels, registrations: all.registrations };
    },
    digest: (proposal) => world.hashes.blockDigest(world.relayGenesis, proposal.header),
    answers: <N extends MessageName>(name: N, validator: number) =>
      (said[validator] ?? []).filter((each) => each.name === name).map((each) => each.message as Message<N>),
    certify: (proposal, parts, signatures) => {
      const plan = planBlock(powers, { registry, ledger }, proposal.header.tickMs, { ...NO_PARTS, ...parts });
      if (!plan.ok) throw new Error(plan.failure.code);
      applyEntries(ledger, plan.value.entries);
      registry = plan.value.registry;
      const hash = world.hashes.blockDigest(world.relayGenesis, proposal.header);
      head = { height: proposal.header.height, hash, tickMs: proposal.header.tickMs };
      for (const each of handlers) each.certified?.({ height: head.height, hash, signatures }, new Uint8Array(0));
    },
    registry: () => registry,
  };
};

/** The votes of all validators for a proposal, ascending by signer. */
export const votesFor = async (
  world: TestWorld,
  hostile: HostileOrderer,
  proposal: Message<"proposal">,
  voters: readonly number[],
): Promise<readonly Uint8Array[]> => {
  const digest = hostile.digest(proposal);
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
  const found = await until("votes", () => {
    const votes = voters.map((at) =>
      hostile.answers("vote", at).find((each) => hex(each.hash) === hex(digest)),
    );
    return votes.every((each) => each !== undefined) ? votes : null;
  });
  return found
    .map((each) => each.signature)
    .map((signature) => ({ signature, signer: hex(world.crypto.secp256k1.recoverAddress(digest, signature.subarray(0, 64), signature[64]! - 27)!) }))
    .sort((left, right) => (left.signer < right.signer ? -1 : 1))
    .map((each) => each.signature);
};
