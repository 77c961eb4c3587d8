import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { measureDos } from "@crossguardian/bench";

import { inOwnFolders } from "./support/attack-options.ts";
import { missingPart } from "./support/with-world.ts";

const MOST_DETECT_MS = 500;

test("a flooded appchain domain is found, cut off and replaced; its pair is served again, other pairs never stop, nothing is lost", { skip: missingPart, timeout: 300_000 }, async () => {
  await inOwnFolders({ perSecond: 20, seconds: 6 }, async (options, folder) => {
    const result = await measureDos(options, folder, "dos");
    assert.deepEqual({ lost: result.lost, duplicated: result.duplicated, framesAfterIsolation: result.framesAfterIsolation, otherRestarts: result.otherRestarts }, {
      lost: 0, duplicated: 0, framesAfterIsolation: 0, otherRestarts: 0,
    });
    assert.equal(result.rule, "switch.frames.unasked");
    assert.ok(result.detectMs !== null && result.detectMs <= MOST_DETECT_MS, `detected after ${result.detectMs} ms`);
    assert.ok(result.isolateMs !== null && result.failoverMs !== null && result.restoreMs !== null, JSON.stringify(result));
    assert.ok(result.tpsDuring > 0.5 * result.tpsBefore, JSON.stringify(result));
    const csv = readFileSync(join(folder, "dos.csv"), "utf8").split("\n");
    assert.ok(csv.some((line) => line.includes(",plugin-a,")), csv[0]);
    assert.match(readFileSync(join(folder, "dos.svg"), "utf8"), /^<svg[\s\S]*quarantine[\s\S]*<\/svg>$/u);
  });
});
