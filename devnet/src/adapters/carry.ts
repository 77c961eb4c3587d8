import { type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import { type ProxyMode } from "../proxy/mode.ts";
import { makeFrameShuffle } from "../proxy/shuffle-frames.ts";
import { makeBodyWithholding } from "../proxy/withhold-bodies.ts";

/** Writes, and reads no more from the other end until it is written. */
const writer = (from: Socket, to: Socket) => (piece: Uint8Array): void => {
  if (to.destroyed || to.write(piece)) return;
  from.pause();
  to.once("drain", () => from.resume());
};

const carrySlowly = (from: Socket, to: Socket, delayMs: number): void => {
  const write = writer(from, to);
  let tail: Promise<void> = Promise.resolve();
  const later = (act: () => void): void => {
    tail = tail.then(async () => sleep(delayMs)).then(act);
  };
  from.on("data", (piece) => {
    from.pause();
    later(() => {
      from.resume();
      write(piece);
    });
  });
  from.once("end", () => {
    later(() => to.end());
  });
  from.once("close", () => {
    later(() => to.destroy());
  });
};

const changeOf = (mode: ProxyMode, way: "up" | "down"): ((piece: Uint8Array) => readonly Uint8Array[]) => {
  if (mode.kind === "frames") return makeFrameShuffle(mode);
  if (mode.kind === "bodiless" && way === "down") return makeBodyWithholding();
  return (piece) => [piece];
};

/** Carries what comes from one end to the other, and that it ended, as the mode says. A mode that says nothing about it carries all at once. */
export const carry = (from: Socket, to: Socket, mode: ProxyMode, way: "up" | "down"): void => {
  from.on("error", () => from.destroy());
  if (mode.kind === "oneWay" && mode.silent === way) {
    from.on("data", () => undefined);
    return;
  }
  if (mode.kind === "slow") {
    carrySlowly(from, to, mode.delayMs);
    return;
  }
  const write = writer(from, to);
  from.once("end", () => to.end());
  from.once("close", () => to.destroy());
  const change = changeOf(mode, way);
  from.on("data", (piece) => {
    for (const part of change(piece)) write(part);
  });
};
