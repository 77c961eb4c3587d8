import { Socket } from "node:net";
import { CodedError } from "@crossguardian/kernel";
import { messageName } from "@crossguardian/wire";
import { portSocket } from "./adapters/port-socket.ts";
import { systemClock } from "./adapters/system-clock.ts";
import { decodeOrder, type LauncherOrder } from "./decode-order.ts";
import { makeSwitch, type Switch } from "./make-switch.ts";
import { makePolicy } from "./policy/make-policy.ts";

const EXIT_CONFIG = 78;

/** Absent until the launcher gave the flow policy. */
let theSwitch: Switch | null = null;

const report = (message: object): void => {
  if (process.connected) process.send?.(message);
};

const obey = (order: LauncherOrder, handle: unknown): void => {
  if (order.is === "policy") {
    theSwitch = makeSwitch({
      policy: makePolicy(order.text),
      cutsOff: order.cutsOff,
      clock: systemClock,
      soon: setImmediate,
      onTorn: (number, code) => report({ type: "torn", number, code }),
      onActive: ({ epoch, ...active }) => report({ type: "active", epoch: epoch.toString(), ...active }),
      onServed: ({ kind, ...served }) => report({ type: "served", message: messageName(kind) ?? "", ...served }),
    });
    report({ type: "ready" });
    return;
  }
  if (theSwitch === null) throw new CodedError("switch.order.early");
  switch (order.is) {
    case "port":
      // The socket may be gone already: the domain died on the way. The launcher sends its next one.
      if (handle instanceof Socket) theSwitch.attach(order.facts, portSocket(handle));
      break;
    case "rate":
      theSwitch.setRate(order.number, order.rate);
      break;
    case "whitelist":
      theSwitch.setWhitelist(order.on);
      break;
    case "gone":
      theSwitch.detach(order.number);
      break;
    case "stats":
      report({ type: "stats", ports: theSwitch.stats() });
      break;
  }
};

process.on("message", (message, handle) => {
  try {
    obey(decodeOrder(message), handle);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    console.error(error.message);
    process.exit(EXIT_CONFIG);
  }
});
process.on("disconnect", () => process.exit(0));
