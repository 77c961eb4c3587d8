import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type ToSwitch } from "../src/switch-lines.ts";
import { type HeldEnd, makeSwitchPorts } from "../src/switch-ports.ts";

const makeLine = () => {
  const sent: string[] = [];
  return { sent, send: (message: ToSwitch, end?: HeldEnd) => void sent.push(`${message.type}${"number" in message ? String(message.number) : ""}${end === undefined ? "" : "+end"}`) };
};
const port = (number: number, closed: number[]) => ({
  number, name: `d${String(number)}`, kind: "relay", chain: null, role: number, epoch: "1", end: { close: () => void closed.push(number) },
});

describe("the channel ends the launcher holds", () => {
  test("all go to a new switch, after the policy", () => {
    const ports = makeSwitchPorts("99 deny", true);
    const [first, second] = [makeLine(), makeLine()];
    ports.connect(first);
    ports.add(port(1, []));
    ports.add(port(2, []));
    ports.disconnect();
    ports.connect(second);
    assert.deepEqual(first.sent, ["policy", "port1+end", "port2+end"]);
    assert.deepEqual(second.sent, first.sent);
  });

  test("go to a new switch with the newest instance of their role, management last", () => {
    const ports = makeSwitchPorts("99 deny", true);
    const announced: [number, boolean, string][] = [];
    ports.add({ ...port(0, []), kind: "management" });
    ports.add({ ...port(3, []), role: 1, epoch: "9" });
    ports.add({ ...port(1, []), epoch: "13" });
    ports.setActive(1, 1, 13n);
    ports.setActive(1, 3, 9n);
    ports.setActive(1, 1, 13n);
    ports.connect({
      send: (message) => {
        if (message.type === "port") announced.push([message.number, message.isFirst, message.newest]);
      },
    });
    assert.deepEqual(announced, [[3, false, "13"], [1, true, "13"], [0, true, "0"]]);
  });

  test("are closed and forgotten when their domain ends, and replaced when it comes back", () => {
    const closed: number[] = [];
    const ports = makeSwitchPorts("99 deny", true);
    const line = makeLine();
    ports.connect(line);
    ports.add(port(1, closed));
    ports.add(port(1, closed));
    ports.remove(1);
    ports.remove(1);
    assert.deepEqual(line.sent, ["policy", "port1+end", "gone1", "port1+end", "gone1"]);
    assert.deepEqual(closed, [1, 1]);
  });

  test("wait while there is no switch", () => {
    const ports = makeSwitchPorts("99 deny", true);
    ports.add(port(1, []));
    const line = makeLine();
    ports.connect(line);
    assert.deepEqual(line.sent, ["policy", "port1+end"]);
  });
});
