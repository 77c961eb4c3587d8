import assert from "node:assert/strict";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { once } from "node:events";
import { test, type TestContext } from "node:test";
import { type Fact } from "@crossguardian/kernel";
import { type Message } from "@crossguardian/wire";
import fc from "fast-check";
import { sendPrivateBody } from "../src/index.ts";
import {
  decodeIntakeRequest,
  encodeIntakeRequest,
  type Intake,
  makeIntake,
  makeLengthReader,
  MAX_INTAKE_CONNECTIONS,
  MAX_INTAKE_REQUEST_BYTES,
  MAX_SEALED_BODY_BYTES,
} from "@crossguardian/plugin-kit";
import { clock } from "./test-ports.ts";

type Desk = { readonly intake: Intake; readonly told: Message<"privateBody">[]; readonly warned: [string, unknown][]; isFull: boolean; port: number };

const open = async (t: TestContext, code: string): Promise<Desk> => {
  const told: Message<"privateBody">[] = [];
  const warned: [string, unknown][] = [];
  const note = (event: string, facts?: Readonly<Record<string, Fact>>): void => void warned.push([event, facts]);
  const desk: Desk = {
    told,
    warned,
    isFull: false,
    port: 0,
    intake: makeIntake({
      chain: "a",
      clock,
      log: { info: () => undefined, warn: note, alarm: note },
      tell: (body) => {
        if (desk.isFull) return false;
        told.push(body);
        queueMicrotask(() => desk.intake.onTaken({ bodyHash: body.bodyHash, code }));
        return true;
      },
    }),
  };
  const server: Server = createServer((stream) => {
    const take = desk.intake.open({ write: (bytes) => void stream.write(bytes), end: () => void stream.end() });
    stream.on("data", (piece) => take(piece));
    stream.on("error", () => take(null));
    stream.on("close", () => take(null));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  desk.port = (server.address() as AddressInfo).port;
  t.after(() => server.close());
  return desk;
};

const body = { bodyHash: new Uint8Array(32).fill(4), sealed: new Uint8Array(5000).fill(6) };

test("a sealed body reaches the interaction domain and its word reaches the client", async (t) => {
  const desk = await open(t, "");
  assert.equal(await sendPrivateBody(connect(desk.port, "127.0.0.1"), body), "");
  assert.deepEqual({ ...desk.told[0] }, { chain: "a", ...body });
  const refusing = await open(t, "interaction.body.mismatch");
  assert.equal(await sendPrivateBody(connect(refusing.port, "127.0.0.1"), body), "interaction.body.mismatch");
});

test("a full channel is told to the client", async (t) => {
  const desk = await open(t, "");
  desk.isFull = true;
  assert.equal(await sendPrivateBody(connect(desk.port, "127.0.0.1"), body), "evm.intake.full");
});

test("an oversize or malformed body ends the connection with a coded word and keeps nothing", async (t) => {
  const desk = await open(t, "");
  for (const bytes of [Uint8Array.of(255, 255, 255, 255, 1), Uint8Array.of(0, 0, 0, 2, 1, 1)]) {
    const stream = connect(desk.port, "127.0.0.1");
    stream.resume().write(bytes);
    await once(stream, "end");
    stream.destroy();
  }
  assert.deepEqual(desk.warned.map(([event]) => event), ["evm.intake.malformed", "evm.intake.malformed"]);
  assert.equal(desk.told.length, 0);
  assert.throws(() => encodeIntakeRequest({ ...body, sealed: new Uint8Array(MAX_SEALED_BODY_BYTES + 1) }), /wire\.message\.bound/u);
});

test("connections are bounded", async (t) => {
  const desk = await open(t, "");
  const ended: boolean[] = [];
  const takes = Array.from({ length: MAX_INTAKE_CONNECTIONS + 3 }, (_, at) =>
    desk.intake.open({ write: () => undefined, end: () => (ended[at] = true) }),
  );
  assert.equal(ended.filter(Boolean).length, 3);
  for (const take of takes) take(null);
});

test("decoder law: pieces of any bytes give messages or a coded refusal", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 20 }), (pieces) => {
      const reader = makeLengthReader(MAX_INTAKE_REQUEST_BYTES);
      for (const piece of pieces) {
        const messages = reader.push(piece);
        if (!messages.ok) return;
        for (const each of messages.value) assert.equal(typeof decodeIntakeRequest(each).ok, "boolean");
      }
    }),
  );
});
