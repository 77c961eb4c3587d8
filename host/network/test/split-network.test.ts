import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { networkConfig } from "@crossguardian/protocol";
import { struct } from "@crossguardian/wire";
import { NETWORK_MAIN, openHouse, PROBE_MAIN } from "./fixture/house.ts";

const TOTAL = 8_000_000;
type House = Awaited<ReturnType<typeof openHouse>>;
let house: House;
const servers: Server[] = [];
const sockets = new Set<Socket>();

const serve = async (handler: (socket: Socket) => void): Promise<string> => {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    handler(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  servers.push(server);
  return `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const PROBE = { number: 2, name: "plugin-x", kind: "plugin", chain: "x", epoch: 1 };
const NETWORK = { number: 1, name: "network", kind: "network", chain: null, epoch: 1 };
let sentToStalled = 0;
const networkSettings = { grants: [] as any[], intakes: [] as any[] };
const startNetwork = (epoch = 1) =>
  house.startDomain({ ...NETWORK, epoch }, NETWORK_MAIN, networkConfig, networkSettings, [{ name: "plugin-x", port: 2 }]);
const until = async (isTrue: () => boolean): Promise<void> => {
  for (let round = 0; round < 500 && !isTrue(); round += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(isTrue());
};

let network: Awaited<ReturnType<typeof startNetwork>>;
let probe: { readonly child: { readonly exitCode: number | null } };

before(async () => {
  house = await openHouse();
  const grant = (endpoint: string, address: string) => ({ domain: "plugin-x", endpoint, address });
  networkSettings.grants = [
    grant("echo", await serve((socket) => socket.pipe(socket))),
    grant("flood", await serve((socket) => {
      const chunk = Buffer.alloc(50_000, 1);
      const more = (): void => {
        while (sentToStalled < TOTAL) {
          sentToStalled += chunk.length;
          if (!socket.write(chunk)) {
            socket.once("drain", more);
            return;
          }
        }
        socket.end();
      };
      more();
    })),
    grant("hold", await serve(() => undefined)),
    grant("dead", "tcp://127.0.0.1:1"),
    { domain: "plugin-y", endpoint: "others", address: await serve((socket) => socket.end("secret")) },
  ];
  networkSettings.intakes = [{ domain: "plugin-x", name: "notes", listen: `unix:${join(house.folder, "notes.sock")}` }];
  network = await startNetwork();
  probe = await house.startDomain(PROBE, PROBE_MAIN, struct({}), {}, [{ name: "network", port: 1 }]);
});

after(async () => {
  await house.close();
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
});

test("a listed endpoint answers through front end, switch and network domain", async () => {
  assert.deepEqual(await house.ask(2, "ask", "echo|hello"), { answer: "hello" });
});

test("an endpoint that is not listed, or listed for another domain, is refused and logged", async () => {
  for (const endpoint of ["example.org:80", "others", ""]) {
    const { error } = await house.ask(2, "ask", `${endpoint}|x`);
    assert.match(error, /network\.endpoint\.notListed/u);
  }
  await until(() => house.logs.some(({ event, facts }) => event === "network.refused" && facts["code"] === "network.endpoint.notListed"));
});

test("an endpoint that refuses the connection ends the stream with a code", async () => {
  const { error } = await house.ask(2, "ask", "dead|x");
  assert.match(error, /network\.endpoint\.unreachable/u);
});

test("many bytes pass in both directions, in order and complete", async () => {
  assert.deepEqual(await house.ask(2, "pour", "echo|40"), { received: 40_000_000 });
});

test("a stream nobody reads holds no more than its window, and others go on", async () => {
  await house.ask(2, "stall", "flood");
  assert.deepEqual(await house.ask(2, "ask", "echo|still here"), { answer: "still here" });
  assert.deepEqual(await house.ask(2, "pour", "echo|3"), { received: 3_000_000 });
  const [bytes] = await house.ask(2, "stalled");
  assert.equal(bytes, 1024 * 1024);
  assert.deepEqual(await house.ask(2, "drain"), { bytes: TOTAL });
});

test("more streams than the bound are refused", async () => {
  for (let count = 0; count < 64; count += 1) await house.ask(2, "stall", "echo");
  const { error } = await house.ask(2, "ask", "echo|x");
  assert.match(error, /frontend\.stream\.limit/u);
  await house.ask(2, "release");
  assert.deepEqual(await house.ask(2, "ask", "echo|free again"), { answer: "free again" });
});

test("a connection at an intake becomes a stream of its domain", async () => {
  const socket = connect(join(house.folder, "notes.sock"));
  socket.write("a note");
  const [answer] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  assert.equal(answer.toString(), "got a note");
});

test("a killed network domain ends its streams with a code, and the next one serves again, also those asked for in between", async () => {
  const waiting = house.ask(2, "ask", "hold|x");
  network.child.kill("SIGKILL");
  const { error } = await waiting;
  assert.match(error, /frontend\.stream\.lost/u);
  const early = [house.ask(2, "ask", "echo|before it was there"), house.ask(2, "pour", "echo|1")];
  network = await startNetwork(2);
  assert.deepEqual(await Promise.all(early), [{ answer: "before it was there" }, { received: 1_000_000 }]);
  assert.deepEqual(await house.ask(2, "ask", "echo|"), { answer: "" });
});

test("a killed switch is replaced under running domains: streams end with a code, processes and ways stay", async () => {
  const waiting = house.ask(2, "ask", "hold|x");
  await house.ask(2, "intake");
  await house.restartSwitch();
  const { error } = await waiting;
  assert.match(error, /frontend\.stream\.lost/u);
  await until(() => house.portEvents.filter(({ event, port }) => event === "port.up" && port === 2).length >= 2);
  assert.deepEqual(await house.ask(2, "ask", "echo|after"), { answer: "after" });
  assert.equal(probe.child.exitCode, null);
  assert.deepEqual(house.torn, []);
});

test("the network domain removes its intake when it is stopped", async () => {
  assert.equal(existsSync(join(house.folder, "notes.sock")), true);
  network.child.kill("SIGTERM");
  await once(network.child, "exit");
  assert.equal(existsSync(join(house.folder, "notes.sock")), false);
});
