import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { askLauncher, moveToToken } from "../src/index.ts";
import { type HouseFolder, leftOf, makeHouseFolder, sealEcho, skipHouse, startLauncher, until } from "./fixtures/echo-house.ts";
import { makeSoftToken, skipToken, type SoftToken } from "./fixtures/soft-token.ts";

const SHARED_MEMORY = "/dev/shm/crossguardian";
const skip = skipHouse === false ? skipToken : skipHouse;
let count = 0;

type Wrapped = { readonly house: HouseFolder; readonly token: SoftToken; readonly key: Uint8Array };

/** A house whose interaction domain's key is wrapped by a token. */
const withHouse = async (run: (wrapped: Wrapped) => Promise<void>): Promise<void> => {
  count += 1;
  const house = makeHouseFolder(`wrapped-${String(process.pid)}-${String(count)}`);
  const token = makeSoftToken();
  try {
    sealEcho(house);
    const key = new Uint8Array(randomBytes(32));
    const slot = join(house.folder, "interaction.key");
    writeFileSync(slot, key, { mode: 0o600 });
    moveToToken(dirname(slot), token.uri, true);
    await run({ house, token, key });
  } finally {
    token.remove();
    house.remove();
  }
};

const filesUnder = (folder: string): readonly string[] =>
  existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)) : [];
const holdersOf = (key: Uint8Array, ...folders: readonly string[]): readonly string[] => folders.flatMap(filesUnder).filter((path) => existsSync(path) && readFileSync(path).includes(Buffer.from(key)));

type Shown = { readonly name: string; readonly pid: number | null; readonly admitted: boolean };
const interactionOf = async ({ spec }: HouseFolder): Promise<Shown | undefined> => {
  const answer = await askLauncher(spec.runDir, { cmd: "domains" });
  const { domains } = answer as unknown as { readonly domains: readonly Shown[] }; // the launcher's own list
  return domains.find(({ name }) => name === "interaction");
};
const keyBytesOf = async ({ spec }: HouseFolder): Promise<number> => {
  const answer = await askLauncher(spec.runDir, { cmd: "ask", domain: "interaction", command: "who", argument: "" });
  return answer.ok && "answer" in answer ? (JSON.parse(answer.answer) as { readonly keyBytes: number }).keyBytes : 0; // the echo domain's words
};

test("a domain has its key out of a token's wrapping, again after it was killed while the token is away, and no file holds it afterwards", { skip, timeout: 240_000 }, async () => {
  await withHouse(async ({ house, token, key }) => {
    const launcher = startLauncher(house);
    await until("the house to be ready", () => {
      assert.equal(launcher.child.exitCode, null, launcher.errors());
      return launcher.out().includes("house.ready");
    });
    assert.equal(await keyBytesOf(house), 32);
    // Where the run directory is in memory, the key is lent from there.
    assert.deepEqual(holdersOf(key, house.folder).filter((path) => !path.startsWith(house.spec.runDir)), []);
    // The search finds what is there.
    assert.equal(holdersOf(key, SHARED_MEMORY, house.spec.runDir).length, 1);
    renameSync(join(token.folder, "tokens"), join(token.folder, "away"));
    const before = await interactionOf(house);
    process.kill(before?.pid ?? 0, "SIGKILL");
    await until("the domain to be started again", async () => {
      const now = await interactionOf(house);
      return now?.admitted === true && now.pid !== before?.pid;
    });
    assert.equal(await keyBytesOf(house), 32);
    launcher.child.kill("SIGTERM");
    await until("the launcher to end", launcher.hasEnded);
    assert.deepEqual(leftOf(house), []);
    assert.deepEqual(holdersOf(key, SHARED_MEMORY, house.folder), []);
  });
});

test("a house does not start while its token is absent or refuses the PIN, nor with a key that was put there open, and leaves nothing", { skip, timeout: 240_000 }, async () => {
  await withHouse(async ({ house, token, key }) => {
    const refusal = async (): Promise<string> => {
      const launcher = startLauncher(house);
      await until("the launcher to end", launcher.hasEnded);
      assert.equal(launcher.child.exitCode, 1, launcher.errors());
      assert.deepEqual(leftOf(house), []);
      return launcher.errors();
    };
    renameSync(join(token.folder, "tokens"), join(token.folder, "away"));
    mkdirSync(join(token.folder, "tokens"));
    assert.match(await refusal(), /^token\.slot\.absent/u);
    rmSync(join(token.folder, "tokens"), { recursive: true });
    renameSync(join(token.folder, "away"), join(token.folder, "tokens"));
    const pin = readFileSync(token.pinPath);
    writeFileSync(token.pinPath, "not-the-pin");
    assert.match(await refusal(), /^token\.pin\.wrong/u);
    writeFileSync(token.pinPath, pin);
    writeFileSync(join(house.folder, "interaction.key"), key);
    assert.match(await refusal(), /^token\.slot\.plain/u);
  });
});
