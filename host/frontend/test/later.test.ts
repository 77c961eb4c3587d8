import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { EXIT } from "../src/index.ts";

const PROGRAM = `
import { runDomain } from ${JSON.stringify(new URL("../src/index.ts", import.meta.url).href)};
import { struct, text } from "@crossguardian/wire";
await runDomain({ configCodec: struct({ nothing: text(1) }), run: () => undefined, later: async () => console.log("loaded") });
`;

test("a domain whose channel ends before its start order has loaded what it imports later: a code cache is filled that way", { timeout: 20_000 }, async () => {
  const domain = spawn(process.execPath, ["--input-type=module", "-e", PROGRAM], { cwd: import.meta.dirname, env: { CG_NAME: "one" }, stdio: ["ignore", "pipe", "inherit", "pipe"] });
  let said = "";
  domain.stdout?.on("data", (piece: Buffer) => (said += piece.toString()));
  domain.stdio[3]?.destroy();
  const [code] = (await once(domain, "close")) as [number];
  assert.deepEqual([code, said], [EXIT.channelEnded, "loaded\n"]);
});
