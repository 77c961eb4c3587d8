import { type Clock, equalBytes, type Hash, type Log, type Random, type Secp256k1 } from "@crossguardian/kernel";
import { batchContent, decodeMessage, type Message } from "@crossguardian/wire";
import { helloDigest, NO_SIGNATURE, ROLE } from "../link/hello.ts";
import { type Link, type LinkEvents, type LinkHandlers } from "../link/link.ts";
import { type Feed } from "./block-feed.ts";
import { type Orderer } from "./orderer.ts";
import { type OrdererRules } from "./orderer-powers.ts";
import { type ValidatorSlot } from "./validator-desk.ts";

/** Time a connection has to introduce itself, in ms. */
export const HELLO_DEADLINE_MS = 5000;
/** Questions for bodies one connection may have open at the same time. */
export const MAX_OPEN_QUESTIONS = 16;
const MINUTE_MS = 60_000;

type Who =
  | { readonly role: "new" }
  | { readonly role: "client"; readonly feed: Feed }
  | { readonly role: "validator"; readonly slot: ValidatorSlot };

/** What a connection is served with. */
export type ConnectionPorts = {
  readonly orderer: Orderer;
  readonly rules: OrdererRules;
  readonly keccak256: Hash;
  readonly secp256k1: Pick<Secp256k1, "recoverAddress">;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/** One connection. `link` is set before any message comes. */
type Session = {
  readonly ports: ConnectionPorts;
  readonly nonce: Uint8Array;
  readonly mayPublish: (publish: Message<"publish">) => boolean;
  readonly link: () => Link;
  who: Who;
  /** Questions for bodies that are being answered. */
  questions: number;
};

/** Counts what one connection publishes without a gateway's signature. */
const makeOpenLane = (rules: OrdererRules, clock: Clock): Session["mayPublish"] => {
  let windowStartMs = Number.NEGATIVE_INFINITY;
  let count = 0;
  return ({ signature }) => {
    if (!equalBytes(signature, NO_SIGNATURE)) return true;
    if (!rules.acceptOpenLane) return false;
    const now = clock.monotonicMs();
    if (now - windowStartMs >= MINUTE_MS) {
      windowStartMs = now;
      count = 0;
    }
    count += 1;
    return count <= rules.openLanePerMinute;
  };
};

const welcomeValidator = (session: Session, hello: Message<"relayHello">): void => {
  const { orderer, keccak256, secp256k1, log } = session.ports;
  const digest = helloDigest(keccak256, session.nonce, hello.name);
  const signer = secp256k1.recoverAddress(digest, hello.signature.subarray(0, 64), (hello.signature[64] ?? 0) - 27);
  const index = signer === null ? -1 : orderer.desk.indexOf(signer);
  if (index < 0) {
    session.link().close("relaychain.link.hello");
    return;
  }
  const slot = orderer.desk.connect(index, hello.name, session.link());
  session.who = { role: "validator", slot };
  log.info("relaychain.validator.up", { validator: hello.name, height: hello.height });
  orderer.catchUp(slot, hello.height + 1n);
};

const welcome = (session: Session, hello: Message<"relayHello">): void => {
  if (session.who.role !== "new") session.link().close("relaychain.link.hello");
  else if (hello.role === ROLE.validator) welcomeValidator(session, hello);
  else {
    const view = hello.role === ROLE.gateway ? hello.name : null;
    const feed: Feed = { link: session.link(), view, next: 0n, isLoading: false, onCaughtUp: () => undefined };
    session.who = { role: "client", feed };
  }
};

const refusePublish = (session: Session, message: Message<"publish">, code: string): void => {
  session.ports.log.warn("relaychain.publish.refused", { code });
  const content = decodeMessage(batchContent, message.content);
  if (content.ok) {
    const refused = content.value.entries.map((_each, entry) => ({ entry, code }));
    session.link().send("publishAck", { batchId: content.value.batchId, refused });
  } else session.link().close(code);
};

const publish = (session: Session, message: Message<"publish">, payload: Uint8Array): void => {
  if (!session.mayPublish(message)) {
    refusePublish(session, message, "relaychain.batch.openLane");
    return;
  }
  const { code } = session.ports.orderer.publish(payload, (outcome) => {
    session.link().send("publishAck", { batchId: outcome.batchId, refused: outcome.refused });
  });
  if (code !== "") refusePublish(session, message, code);
};

const forClients = (session: Session, run: (feed: Feed) => void): void => {
  if (session.who.role === "client") run(session.who.feed);
  else session.link().close("relaychain.link.message");
};

const forValidators = (session: Session, run: (slot: ValidatorSlot) => void): void => {
  if (session.who.role === "validator") run(session.who.slot);
  else session.link().close("relaychain.link.message");
};

const clientHandlers = (session: Session): LinkHandlers => {
  const { orderer, log } = session.ports;
  const failed = (what: string) => (error: unknown) => {
    log.alarm(what, { error: error instanceof Error ? error.name : "unknown" });
  };
  return {
    publish: (message, payload) => {
      forClients(session, () => publish(session, message, payload));
    },
    wantBlocks: ({ from }) => {
      if (session.who.role === "validator") {
        orderer.catchUp(session.who.slot, from);
        return;
      }
      forClients(session, (feed) => {
        feed.next = from < 1n ? 1n : from;
        orderer.feeds.follow(feed);
      });
    },
    wantBodies: ({ cids }) => {
      forClients(session, () => {
        if (session.questions >= MAX_OPEN_QUESTIONS) {
          session.link().close("relaychain.link.full");
          return;
        }
        session.questions += 1;
        const wanted = cids.map((each) => each.slice());
        const answered = orderer.bodiesOf(wanted).then((answer) => session.link().send("bodies", answer));
        answered.catch(failed("relaychain.bodies.failed")).finally(() => {
          session.questions -= 1;
        });
      });
    },
    registration: (_message, payload) => {
      forClients(session, () => {
        orderer.register(payload).then((answer) => session.link().send("registrationAck", answer), failed("relaychain.register.failed"));
      });
    },
  };
};

const validatorHandlers = (session: Session): LinkHandlers => {
  const { orderer, log } = session.ports;
  return {
    checkedBatch: (message) => {
      forValidators(session, (slot) => orderer.checked(slot, message));
    },
    vote: (message) => {
      forValidators(session, (slot) => orderer.vote(slot, message));
    },
    votedProposal: ({ proposal }) => {
      forValidators(session, (slot) => orderer.voted(slot, proposal));
    },
    voteRefused: ({ height, code }) => {
      forValidators(session, (slot) => log.warn("relaychain.vote.refused", { validator: slot.name, height, code }));
    },
  };
};

const leave = ({ who, ports }: Session): void => {
  if (who.role === "client") ports.orderer.feeds.unfollow(who.feed);
  if (who.role !== "validator") return;
  ports.log.warn("relaychain.validator.down", { validator: who.slot.name });
  ports.orderer.leave(who.slot);
};

/**
 * Serves one connection to the orderer: challenge, hello within HELLO_DEADLINE_MS, then by role. A gateway or client
 * needs no signature: what it publishes is signed by the batch, and a name only selects the entries it is sent.
 */
export const serveConnection = (ports: ConnectionPorts, openLink: (events: LinkEvents) => Link): void => {
  const { orderer, clock } = ports;
  const nonce = ports.random.bytes(32);
  const session: Session = { ports, nonce, mayPublish: makeOpenLane(ports.rules, clock), link: () => link, who: { role: "new" }, questions: 0 };
  const link: Link = openLink({
    handlers: {
      ...clientHandlers(session),
      ...validatorHandlers(session),
      relayHello: (hello) => welcome(session, hello),
    },
    onClose: () => {
      cancelDeadline();
      leave(session);
    },
    onDrain: () => {
      if (session.who.role === "client") orderer.feeds.pump(session.who.feed);
      if (session.who.role !== "validator") return;
      orderer.feeds.pumpAll();
      orderer.desk.sync(session.who.slot);
    },
  });
  const cancelDeadline = clock.after(HELLO_DEADLINE_MS, () => {
    if (session.who.role === "new") link.close("relaychain.link.hello");
  });
  link.send("relayChallenge", { relayGenesis: orderer.registry().relayGenesis, nonce, height: orderer.head().height });
};
