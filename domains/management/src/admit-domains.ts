import { bounds, type Message } from "@crossguardian/wire";
import { checkSelfTest } from "./check-self-test.ts";
import { beginCounts } from "./count-events.ts";
import { type FromLauncher, type ManagedDomain } from "./house.ts";
import { neighboursOf } from "./neighbours.ts";
import { beginInstance, heard, nameFacts, type OverseerPowers, type Watched } from "./watched.ts";

/** Control command that asks a domain for another hello; every domain's front end answers it. */
export const HELLO_AGAIN = "hello-again";

/** What an `admit` message orders (host/switch); released: open also where the switch itself closed the port. */
const [CLOSED, OPEN, RELEASED] = [0, 1, 2] as const;

/** Admission: nothing is routed to or from a domain before its self-test was judged (DESIGN section 4). */
export type Admission = {
  readonly onStarted: (watched: Watched, started: Extract<FromLauncher, { readonly type: "started" }>) => void;
  readonly onEnded: (watched: Watched) => void;
  readonly onHello: (watched: Watched, hello: Message<"hello">) => void;
  /** Has the switch close the port of the present instance, or open it whoever closed it. */
  readonly setOpen: (watched: Watched, isOpen: boolean) => void;
  readonly onSwitchStarted: () => void;
  /** The port of this instance is at the switch. */
  readonly onAttached: (watched: Watched, epoch: bigint) => void;
};

/** Makes the admission of a house of these domains; standbys are known by the name of the role they stand by for. */
export const makeAdmission = (domains: readonly ManagedDomain[], powers: OverseerPowers): Admission => {
  const { channel, tellLauncher, log } = powers;
  let switchStarts = 0;

  const sendOpen = ({ domain, epoch }: Watched, open: number): void => {
    channel.send(bounds.SWITCH_PORT, "admit", { port: domain.port, open, epoch: epoch ?? 0n });
  };
  const sendAdmit = (watched: Watched, isOpen: boolean): void => sendOpen(watched, isOpen ? OPEN : CLOSED);
  const askHello = ({ domain }: Watched): void => {
    channel.send(domain.port, "control", { command: HELLO_AGAIN, argument: "" });
  };

  const refuse = (watched: Watched, why: string): void => {
    watched.phase = "refused";
    log.alarm("domain.refused", { ...nameFacts(watched), why });
    sendAdmit(watched, false);
    tellLauncher({ type: "refused", ...nameFacts(watched), why });
  };

  const judge = (watched: Watched, hello: Message<"hello">): void => {
    watched.selfTest = hello;
    if (watched.hold.isQuarantined) return; // it is let in again by a release only
    const wrong = checkSelfTest(watched.domain, hello);
    if (wrong.length > 0) {
      refuse(watched, wrong.join(", ").slice(0, 400));
      return;
    }
    sendAdmit(watched, true);
    // To a domain that runs already this only renews the names.
    channel.send(watched.domain.port, "start", { epoch: watched.epoch ?? 0n, ports: neighboursOf(watched.domain, domains), security: powers.security(watched.domain), config: watched.domain.config });
    heard(watched, powers);
    if (watched.phase !== "admitted") log.info("domain.admitted", nameFacts(watched));
    watched.phase = "admitted";
    tellLauncher({ type: "admitted", ...nameFacts(watched) });
  };

  return {
    setOpen: (watched, isOpen) => sendOpen(watched, isOpen ? RELEASED : CLOSED),
    onStarted: (watched, { epoch, pid, fresh, admitted, held }) => {
      const { heldHello } = watched;
      beginInstance(watched);
      watched.epoch = epoch;
      watched.pid = pid;
      watched.hold = { ...watched.hold, isQuarantined: held.includes("quarantine"), isFrozen: held.includes("freeze") };
      watched.heldHello = null;
      watched.phase = "waiting";
      heard(watched, powers);
      if (heldHello?.epoch === epoch) {
        judge(watched, heldHello);
        return;
      }
      if (fresh) return;
      // It was judged by the management process before this one; it goes on, and is judged again.
      if (admitted) {
        watched.phase = "admitted";
        sendAdmit(watched, !watched.hold.isQuarantined);
      }
      askHello(watched);
    },
    onEnded: (watched) => {
      watched.phase = "absent";
      watched.epoch = null;
    },
    onHello: (watched, hello) => {
      if (watched.epoch === hello.epoch) judge(watched, hello);
      // The next instance may be faster than the launcher's words about the end of this one and its own start.
      else if (hello.epoch > (watched.epoch ?? 0n)) watched.heldHello = hello;
      else log.warn("hello.stale", { name: watched.domain.name, epoch: hello.epoch });
    },
    onSwitchStarted: () => {
      switchStarts += 1;
      log.info("switch.started", { starts: switchStarts });
    },
    onAttached: (watched, epoch) => {
      beginCounts(watched.refusals);
      if (watched.epoch !== epoch || switchStarts <= 1) return;
      // A replaced switch knows nobody, and a hello on its way may be lost with the one before.
      if (watched.phase === "admitted") sendAdmit(watched, !watched.hold.isQuarantined);
      else if (watched.phase === "waiting") askHello(watched);
    },
  };
};
