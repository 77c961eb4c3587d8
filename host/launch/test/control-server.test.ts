import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { serveControl } from "../src/adapters/control-server.ts";

test("who closes its side after its requests still gets every answer, and then the end", async () => {
  const folder = mkdtempSync(join(tmpdir(), "cg-control-"));
  const server = await serveControl(join(folder, "control.sock"), async (line) => {
    await sleep(line === "slow" ? 200 : 1);
    return `answer to ${line}`;
  });
  try {
    const socket = connect({ path: join(folder, "control.sock"), allowHalfOpen: true });
    socket.end("slow\nquick\n");
    assert.equal(await text(socket), "answer to quick\nanswer to slow\n");
    const silent = connect({ path: join(folder, "control.sock"), allowHalfOpen: true });
    silent.end();
    assert.equal(await text(silent), "");
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
});
