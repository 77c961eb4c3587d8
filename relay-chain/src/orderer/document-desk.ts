import { equalBytes, toHex } from "@crossguardian/kernel";
import { type Registry } from "@crossguardian/protocol";
import { decodeMessage, ENTRY_KIND, MESSAGES } from "@crossguardian/wire";
import { registerDocument } from "../blocks/plan-block.ts";
import { type SealedBlock } from "../blocks/sealed-block.ts";
import { ORDER_RECORD, orderRecord } from "./order-record.ts";
import { MAX_PENDING_REGISTRATIONS, type OrdererPowers } from "./orderer-powers.ts";

/** What became of a governance document: "" when it is taken (or ordered already), else a code. */
export type RegisterAnswer = { readonly hash: Uint8Array; readonly code: string };

/** Governance documents on their way into a block. */
export type DocumentDesk = {
  readonly queue: () => readonly Uint8Array[];
  /** Checks a document against the registry with those before it, and makes it durable. */
  readonly register: (untrustedRegistration: Uint8Array) => Promise<RegisterAnswer>;
  readonly ordered: (block: SealedBlock) => void;
  /** Puts back what the log holds and no block has ordered. */
  readonly resume: (registrations: readonly Uint8Array[]) => void;
};

const ZERO32 = new Uint8Array(32);

/** Makes the desk; `documents` are the hashes in hex of those ordered so far. */
export const makeDocumentDesk = (
  powers: OrdererPowers,
  registry: () => Registry,
  documents: ReadonlySet<string>,
): DocumentDesk => {
  const taken = new Set(documents);
  let queue: Uint8Array[] = [];

  const queued = (): Registry => {
    let after = registry();
    for (const bytes of queue) {
      const done = registerDocument(powers, after, bytes);
      if (done.ok) after = done.value.registry;
    }
    return after;
  };

  return {
    queue: () => queue,
    register: async (untrustedRegistration) => {
      const message = decodeMessage(MESSAGES.registration.codec, untrustedRegistration);
      if (!message.ok) return { hash: ZERO32, code: message.failure.code };
      const hash = powers.hashes.keccak256(message.value.document);
      if (taken.has(toHex(hash))) return { hash, code: "" };
      if (queue.length >= MAX_PENDING_REGISTRATIONS) return { hash, code: "relaychain.queue.full" };
      const done = registerDocument(powers, queued(), untrustedRegistration);
      if (!done.ok) return { hash, code: done.failure.code };
      const bytes = untrustedRegistration.slice();
      queue.push(bytes);
      taken.add(toHex(hash));
      powers.orders.append(...orderRecord(ORDER_RECORD.registration, bytes));
      await powers.orders.flush();
      return { hash, code: "" };
    },
    ordered: (block) => {
      const bodies = block.entries.filter((each) => each.facts.kind === ENTRY_KIND.register).map((each) => each.body);
      if (bodies.length > 0) queue = queue.filter((each) => !bodies.some((body) => equalBytes(body, each)));
    },
    resume: (registrations) => {
      for (const bytes of registrations) if (registerDocument(powers, queued(), bytes).ok) queue.push(bytes);
    },
  };
};
