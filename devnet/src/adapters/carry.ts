import { type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import { type ProxyMode } from "../proxy/mode.ts";
import { makeFrameShuffle } from "../proxy/shuffle-frames.ts";

/** Carries what comes from one end to the other, as the mode says. A mode that carries nothing special carries all. */
export const carry = (from: Socket, to: Socket, mode: ProxyMode, way: "up" | "down"): void => {
  const write = (piece: Uint8Array): void => {
    if (to.destroyed || to.write(piece)) return;
    from.pause();
    to.once("drain", () => from.resume());
  };
  from.once("end", () => to.end());
  if (mode.kind === "oneWay" && mode.silent === way) {
    from.on("data", () => undefined);
    return;
  }
  if (mode.kind === "slow") {
    from.on("data", (piece) => {
      from.pause();
      void sleep(mode.delayMs).then(() => {
        from.resume();
        write(piece);
      });
    });
    return;
  }
  if (mode.kind === "frames") {
    const shuffle = makeFrameShuffle(mode);
    from.on("data", (piece) => {
      for (const part of shuffle(piece)) write(part);
    });
    return;
  }
  from.on("data", write);
};
