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

const PREFACE_BYTES = 24;
const FRAME_HEADER_BYTES = 9;
const PING = 6;

const open = async (port: number): Promise<{ readonly connection: GrpcConnection; readonly down: Promise<string> }> => {
  let fell: (what: string) => void = () => undefined;
  const down = new Promise<string>((resolve) => (fell = resolve));
  return new Promise((resolve) => {
    const dial = openGrpc(() => connect(port, "127.0.0.1"), { name: "rpc", scheme: "grpc", host: `127.0.0.1:${port.toString()}`, path: "" }, SETTINGS);
    const connection: GrpcConnection = dial({ onUp: () => resolve({ connection, down }), onDown: ({ facts }) => fell(String(facts["what"])) });
  });
};

/** Frames of a type among what a client sent after its preface (RFC 9113, sections 3.4 and 4.1). */
const framesOf = (sent: Buffer, type: number): number => {
  let count = 0;
  for (let at = PREFACE_BYTES; at + FRAME_HEADER_BYTES <= sent.length; at += FRAME_HEADER_BYTES + sent.readUIntBE(at, 3)) if (sent[at + 3] === type) count += 1;
  return count;
};

test("a peer that does not answer calls in time is asked whether it lives, and kept when it does", async (t) => {
  const sessions: ServerHttp2Session[] = [];
  const server = createHttp2Server().listen(0, "127.0.0.1");
  await once(server, "listening");
  const pinged = new Promise<void>((resolve) => {
    server.on("session", (session) => {
      sessions.push(session);
      session.on("ping", () => resolve());
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
  assert.equal(await Promise.race([down, Promise.resolve("up")]), "up");
});

test("a line that died without a word is asked once and given up, however many calls were not answered", async (t) => {
  const sockets: Socket[] = [];
  const heard: Buffer[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("data", (part: Buffer) => heard.push(part));
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
  const answers = await Promise.all([1, 2, 3].map(async () => connection.call("/x/Y", new Uint8Array(1), DEADLINE_MS)));
  assert.deepEqual(answers.map((each) => !each.ok && each.message), ["deadline", "deadline", "deadline"]);
  assert.equal(await down, "silent");
  assert.equal(framesOf(Buffer.concat(heard), PING), 1);
});
