import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { withClaim } from "../src/adapters/claim.ts";
import { makeCodeStore } from "../src/adapters/code-store.ts";
import { linkCode } from "../src/adapters/link-code.ts";
import { returnUidBlock, takeUidBlock } from "../src/adapters/uid-blocks.ts";
import { useImages } from "../src/adapters/use-images.ts";
import { type CodeKey } from "../src/code-cache.ts";
import { decodeStoreUse } from "../src/decode-store-use.ts";
import { digestsToKeep } from "../src/plan-prune.ts";
import { BLOCKS_COUNT } from "../src/uid-plan.ts";

const skip = process.getuid?.() === 0 ? false : "what is stored belongs to root";
const IMAGE = "a".repeat(64);
const KEY: CodeKey = { nodeSha256: "n", image: `/images/${IMAGE}`, program: "main.ts", memoryBytes: 1, jailed: true };

const withState = async (run: (stateDir: string) => Promise<void>): Promise<void> => {
  const stateDir = mkdtempSync(join(tmpdir(), "cg-store-"));
  try {
    await run(stateDir);
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
};

const setUp = (stateDir: string) => {
  const events: string[] = [];
  let fills = 0;
  const store = makeCodeStore(stateDir, (event) => events.push(event));
  const fill = async (folder: string): Promise<boolean> => {
    fills += 1;
    mkdirSync(join(folder, "v24-0"));
    writeFileSync(join(folder, "v24-0", "module"), `code ${String(fills)}`);
    return Promise.resolve(true);
  };
  return { store, events, fill, fills: () => fills };
};

describe("a code cache", { skip }, () => {
  test("is filled once for a key, also when two ask at the same time, and again for another key", async () => {
    await withState(async (stateDir) => {
      const { store, fill, fills } = setUp(stateDir);
      const [first, second] = await Promise.all([store.ensure(KEY, fill), store.ensure(KEY, fill)]);
      assert.ok(first !== null);
      assert.deepEqual(second, first);
      assert.deepEqual(await setUp(stateDir).store.ensure(KEY, fill), first);
      assert.equal(fills(), 1);
      assert.equal(readFileSync(join(first.path, "v24-0", "module"), "utf8"), "code 1");
      assert.match(first.listing, /^code [0-9a-f]{64} v24-0\/module\n$/u);
      const other = await store.ensure({ ...KEY, memoryBytes: 2 }, fill);
      assert.notEqual(other?.path, first.path);
      assert.equal(fills(), 2);
    });
  });

  const changes: readonly (readonly [string, (path: string) => void])[] = [
    ["with a changed file", (path) => appendFileSync(join(path, "v24-0", "module"), "x")],
    ["with a file more", (path) => writeFileSync(join(path, "v24-0", "more"), "x")],
    ["with a file less", (path) => rmSync(join(path, "v24-0", "module"))],
    ["with a file others can write", (path) => chmodSync(join(path, "v24-0", "module"), 0o666)],
    ["with a link", (path) => symlinkSync("/etc/hostname", join(path, "v24-0", "link"))],
  ];
  for (const [what, change] of changes) {
    test(`${what} is not used but filled again, and that is told`, async () => {
      await withState(async (stateDir) => {
        const { store, fill, events, fills } = setUp(stateDir);
        const first = await store.ensure(KEY, fill);
        change(first?.path ?? "");
        const again = await store.ensure(KEY, fill);
        assert.equal(readFileSync(join(again?.path ?? "", "v24-0", "module"), "utf8"), "code 2");
        assert.deepEqual([events, fills()], [["code.changed"], 2]);
      });
    });
  }

  test("that could not be filled is none, and nothing half made stays", async () => {
    await withState(async (stateDir) => {
      const { store } = setUp(stateDir);
      assert.equal(await store.ensure(KEY, async () => Promise.resolve(false)), null);
      assert.equal(await store.ensure(KEY, async () => Promise.resolve(true)), null, "empty");
      await assert.rejects(store.ensure(KEY, async () => Promise.reject(new Error("no"))), /no/u);
      assert.deepEqual(readdirSync(join(stateDir, "code", IMAGE)), []);
    });
  });

  test("of a process of the host is found under the process's own user", async () => {
    await withState(async (stateDir) => {
      const { store, fill } = setUp(stateDir);
      const cache = await store.ensure(KEY, fill);
      const folder = linkCode(cache?.path ?? "", join(stateDir, "link"), 70_000);
      assert.equal(readFileSync(join(folder, "v24-70000", "module"), "utf8"), "code 1");
    });
  });
});

describe("a claim", () => {
  test("is had by one at a time", async () => {
    await withState(async (stateDir) => {
      const path = join(stateDir, "claim");
      writeFileSync(path, "left behind by one that was killed");
      let inside = 0;
      let most = 0;
      const work = async (): Promise<void> => {
        inside += 1;
        most = Math.max(most, inside);
        await sleep(2);
        inside -= 1;
      };
      const done = await Promise.all(Array.from({ length: 12 }, async () => withClaim(path, 10_000, work)));
      assert.deepEqual([most, done.includes(null), existsSync(path)], [1, false, false]);
    });
  });

  test("is had by the next when its holder is killed", async () => {
    await withState(async (stateDir) => {
      const path = join(stateDir, "claim");
      const claim = JSON.stringify(new URL("../src/adapters/claim.ts", import.meta.url).href);
      const program = `const { withClaim } = await import(${claim});
        await withClaim(${JSON.stringify(path)}, 1_000, async () => { process.stdout.write("had"); await new Promise((resolve) => setTimeout(resolve, 60_000)); });`;
      const holder = spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: ["ignore", "pipe", "inherit"] });
      try {
        await once(holder.stdout, "data");
        assert.equal(await withClaim(path, 50, () => true), null);
      } finally {
        holder.kill("SIGKILL");
        await once(holder, "exit");
      }
      assert.equal(await withClaim(path, 1_000, () => true), true);
    });
  });

  test("that is held longer than one waits is not had", async () => {
    await withState(async (stateDir) => {
      const path = join(stateDir, "claim");
      assert.equal(await withClaim(path, 1_000, async () => withClaim(path, 0, () => true)), null);
    });
  });
});

describe("blocks of user ids", { skip }, () => {
  test("are each had by one house, however many start at once and whatever was left behind", async () => {
    await withState(async (stateDir) => {
      const folder = join(stateDir, "uids");
      mkdirSync(folder);
      for (const block of [0, 1, 2, 3]) writeFileSync(join(folder, String(block)), join(stateDir, "gone", String(block)));
      writeFileSync(join(folder, "4"), "");
      const houses = Array.from({ length: 12 }, (_, at) => join(stateDir, "data", String(at)));
      const blocks = await Promise.all(houses.map(async (dataDir) => takeUidBlock(stateDir, dataDir)));
      assert.equal(new Set(blocks).size, houses.length);
      assert.deepEqual(await Promise.all(houses.map(async (dataDir) => takeUidBlock(stateDir, dataDir))), blocks, "the same one each time");
      const [first = ""] = houses;
      await returnUidBlock(stateDir, first);
      assert.equal(await takeUidBlock(stateDir, first), blocks[0], "its data is still there");
      rmSync(first, { recursive: true });
      await returnUidBlock(stateDir, first);
      assert.equal(existsSync(join(folder, String(blocks[0]))), false);
    });
  });

  test("come to an end", async () => {
    await withState(async (stateDir) => {
      for (let at = 0; at < BLOCKS_COUNT; at += 1) await takeUidBlock(stateDir, join(stateDir, "data", String(at)));
      await assert.rejects(takeUidBlock(stateDir, join(stateDir, "data", "one more")), { code: "launch.uids.exhausted" });
    });
  });
});

describe("the store of images", () => {
  const use = (atMs: number, digest: string, running = false) => ({ atMs, running, images: [{ name: "relay", digest }] });

  test("keeps the two newest versions of an image and every one in use", () => {
    const kept = digestsToKeep([use(1, "a", true), use(2, "b"), use(3, "c"), use(4, "c"), use(5, "d")]);
    assert.deepEqual([...kept].sort(), ["a", "c", "d"]);
    assert.deepEqual([...digestsToKeep([use(1, "a"), { ...use(2, "b"), images: [{ name: "other", digest: "b" }] }])].sort(), ["a", "b"]);
  });

  test("does not remove what was stored a moment ago, and removes what a killed launcher left half made", { skip }, async () => {
    await withState(async (stateDir) => {
      const images = join(stateDir, "images");
      for (const name of [IMAGE, "b".repeat(64), `${IMAGE}.${String(process.pid)}`, `${IMAGE}.999999999`, `${IMAGE}.going`, "other"]) {
        mkdirSync(join(images, name), { recursive: true });
      }
      assert.equal(await useImages(stateDir, "x", [{ name: "relay", digest: IMAGE }]), 2);
      assert.deepEqual(readdirSync(images).sort(), [IMAGE, `${IMAGE}.${String(process.pid)}`, "b".repeat(64), "other"].sort());
    });
  });

  test("takes a damaged record of a launcher for nothing", () => {
    for (const text of ["", "{", "null", "[]", '{"launcher":1,"images":[{"name":1}]}']) assert.deepEqual(decodeStoreUse(text), { launcher: null, images: [] });
  });
});
