import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { struct } from "@crossguardian/wire";
import { openHouse, PROBE_MAIN } from "./fixture/house.ts";

let house: Awaited<ReturnType<typeof openHouse>>;
before(async () => {
  house = await openHouse();
});
after(() => house.close());

let epoch = 0;
const start = async () => {
  epoch += 1;
  const entry = { number: 2, name: "plugin-x", kind: "plugin", chain: "x", epoch };
  const { child, hello } = await house.startDomain(entry, PROBE_MAIN, struct({}), {}, []);
  assert.equal(await house.ask(2, "intake"), ""); // it runs
  return { child, hello };
};

test("a domain tells its own jail in its hello", async () => {
  const { child, hello } = await start();
  assert.equal(hello.domain, "plugin-x");
  assert.equal(hello.pid, child.pid);
  assert.ok(hello.openFds.some((each) => each.startsWith("3 socket:")));
  child.kill("SIGTERM");
  assert.deepEqual(await once(child, "exit"), [0, null]);
});

test("an error nobody handles ends the domain with code 70 and an alarm", async () => {
  const { child } = await start();
  void house.ask(2, "crash");
  assert.deepEqual(await once(child, "exit"), [70, null]);
  const { facts } = await house.logged("domain.crashed");
  assert.equal(facts["message"], "a bug");
});

test("a domain ends when its channel ends, and when it is told to stop", async () => {
  const { child } = await start();
  epoch += 1;
  await house.addPort({ number: 2, name: "plugin-x", kind: "plugin", chain: "x", epoch });
  assert.deepEqual(await once(child, "exit"), [74, null]);
  const { child: next } = await start();
  void house.ask(2, "stop");
  assert.deepEqual(await once(next, "exit"), [0, null]);
});

test("bytes on its channel that are no frame end a domain with code 76", async () => {
  const { child } = await start();
  const held = house.heldSocket(2);
  held.write("this is no frame, and longer than a header");
  assert.deepEqual(await once(child, "exit"), [76, null]);
});

test("a command the domain does not know is answered with a code", async () => {
  const { child } = await start();
  assert.deepEqual(await house.ask(2, "dance"), { failure: "frontend.control.unknown" });
  child.kill("SIGTERM");
  await once(child, "exit");
});
