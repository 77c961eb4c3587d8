import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttp2Server, type ServerHttp2Session } from "node:http2";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { type GrpcConnection, openGrpc } from "@crossguardian/plugin-fabric-blocks";

const SETTINGS = { mspId: "", certificatePem: "", keyPem: "", endpoints: [], maxEntries: 1, maxTransactions: 1 };
const DEADLINE_MS = 50;
/** An empty SETTINGS frame (RFC 9113, section 6.5). */
const EMPTY_SETTINGS = Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 0, 0);

const open = async (port: number): Promise<{ readonly connection: GrpcConnection; readonly down: Promise<string> }> => {
  let fell: (what: string) => void = () => undefined;
  const down = new Promise<string>((resolve) => (fell = resolve));
  return new Promise((resolve) => {
    const dial = openGrpc(() => connect(port, "127.0.0.1"), { name: "rpc", scheme: "grpc", host: `127.0.0.1:${port.toString()}`, path: "" }, SETTINGS);
    const connection: GrpcConnection = dial({ onUp: () => resolve({ connection, down }), onDown: ({ facts }) => fell(String(facts["what"])) });
  });
};

test("a peer that does not answer calls in time is asked once whether it lives, and kept when it does", async (t) => {
  const sessions: ServerHttp2Session[] = [];
  const server = createHttp2Server().listen(0, "127.0.0.1");
  await once(server, "listening");
  let pings = 0;
  const pinged = new Promise<void>((resolve) => {
    server.on("session", (session) => {
      sessions.push(session);
      session.on("ping", () => {
        pings += 1;
        resolve();
      });
    });
  });
  const { connection, down } = await open((server.address() as AddressInfo).port);
  t.after(() => {
    connection.close();
    for (const each of sessions) each.destroy();
    server.close();
  });
  const answers = await Promise.all([1, 2, 3].map(async () => connection.call("/x/Y", new Uint8Array(1), DEADLINE_MS)));
  assert.deepEqual(answers.map((each) => !each.ok && each.message), ["deadline", "deadline", "deadline"]);
  await pinged;
  const after = await connection.call("/x/Y", new Uint8Array(1), DEADLINE_MS);
  assert.equal(!after.ok && after.message, "deadline", "the connection is up still");
  assert.ok(pings <= 2, String(pings));
  assert.equal(await Promise.race([down, Promise.resolve("up")]), "up");
});

test("a line that died without a word is given up after a call that was not answered", async (t) => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.once("data", () => socket.write(EMPTY_SETTINGS));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { connection, down } = await open((server.address() as AddressInfo).port);
  t.after(() => {
    connection.close();
    for (const each of sockets) each.destroy();
    server.close();
  });
  const answer = await connection.call("/x/Y", new Uint8Array(1), DEADLINE_MS);
  assert.equal(!answer.ok && answer.message, "deadline");
  assert.equal(await down, "silent");
});
