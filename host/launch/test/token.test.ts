import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { CodedError, decodeKeySlot } from "@crossguardian/kernel";
import { openKeyStore } from "../src/adapters/key-store.ts";
import { openLentKeys, removeLentKeys } from "../src/adapters/lent-keys.ts";
import { moveToFiles, moveToToken } from "../src/adapters/move-keys.ts";
import { makeSlotKeeper, readKeyAge } from "../src/adapters/slot-keeper.ts";
import { isWrapped } from "../src/adapters/wrapped-slot.ts";
import { parseTokenUri } from "../src/token-uri.ts";
import { tokenTrouble } from "../src/token-trouble.ts";

const MODULE = "/usr/lib/softhsm/libsofthsm2.so";
const absent = [["/usr/bin/pkcs11-tool", "opensc"], ["/usr/bin/softhsm2-util", "softhsm2"]].flatMap(([path = "", name = ""]) => (existsSync(path) ? [] : [name]));
const skip = absent.length === 0 ? false : `needs Debian packages ${absent.join(" ")}: tools/setup.sh token`;
const TMPFS_MAGIC = 0x01021994;

const base = mkdtempSync(join(tmpdir(), "cg-token-"));
after(() => rmSync(base, { recursive: true, force: true }));
const PIN = "4711-own-pin";

const tokens = (): void => {
  mkdirSync(join(base, "tokens"));
  writeFileSync(join(base, "softhsm2.conf"), `directories.tokendir = ${join(base, "tokens")}\nobjectstore.backend = file\nlog.level = ERROR\n`);
  process.env["SOFTHSM2_CONF"] = join(base, "softhsm2.conf");
  execFileSync("softhsm2-util", ["--init-token", "--free", "--label", "bridge", "--so-pin", "87654321", "--pin", PIN], { stdio: "ignore" });
  writeFileSync(join(base, "pin"), `${PIN}\n`, { mode: 0o600 });
  writeFileSync(join(base, "wrong-pin"), "0815-not-it\n", { mode: 0o600 });
};
if (skip === false) tokens();

const uriOf = ({ token = "bridge", object = "root", modulePath = MODULE, pin = "pin" } = {}): string => `pkcs11:token=${token};object=${object}?module-path=${modulePath}&pin-source=file:${join(base, pin)}`;
const tool = (...args: readonly string[]): string =>
  execFileSync("pkcs11-tool", ["--module", MODULE, "--token-label", "bridge", "--login", "--pin", "env:PIN", ...args], { env: { ...process.env, PIN }, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
const coded = (code: string) => (error: unknown): boolean => error instanceof CodedError && error.code === code;

const ROOT = new Uint8Array(32).fill(7);
const ROOT_TEXT = Buffer.from(ROOT).toString("latin1");
let folders = 0;
/** A folder of two slots, and what is under it beside. */
const folderOfSlots = (): { readonly keys: string; readonly slot: string; readonly own: string } => {
  folders += 1;
  const own = join(base, `world-${String(folders)}`);
  const keys = join(own, "keys");
  mkdirSync(join(keys, "access"), { recursive: true });
  mkdirSync(join(own, "epochs"));
  for (const name of ["interaction", "relay"]) writeFileSync(join(keys, `${name}.key`), name === "interaction" ? ROOT : new Uint8Array(32).fill(9), { mode: 0o600 });
  writeFileSync(join(keys, "access", "officer-1.key"), new Uint8Array(32).fill(1), { mode: 0o600 });
  return { keys, slot: join(keys, "interaction.key"), own };
};
const bytesOf = (path: string): Uint8Array => new Uint8Array(readFileSync(path));

test("a token wraps root keys; the disk holds none of them, operators' keys stay, and the way back gives the same keys", { skip }, () => {
  const { keys, slot } = folderOfSlots();
  assert.deepEqual(moveToToken(keys, uriOf(), true), { store: uriOf(), slots: 2 });
  for (const name of readdirSync(keys)) if (name !== "access") assert.equal(readFileSync(join(keys, name), "latin1").includes(ROOT_TEXT), false, name);
  assert.equal(statSync(slot).mode & 0o777, 0o600);
  assert.equal(readFileSync(join(keys, "store.json"), "utf8").includes(PIN), false);
  assert.deepEqual(openKeyStore(keys).decode(slot, bytesOf(slot)), { epoch: 1n, key: ROOT });
  assert.deepEqual(moveToToken(keys, uriOf(), false), { store: uriOf(), slots: 0 });
  assert.deepEqual(bytesOf(join(keys, "access", "officer-1.key")), new Uint8Array(32).fill(1));
  assert.deepEqual(moveToFiles(keys), { store: null, slots: 2 });
  assert.deepEqual(bytesOf(slot), ROOT);
  assert.equal(existsSync(join(keys, "store.json")), false);
});

test("a move that was interrupted is refused at a start and finished by the same command", { skip }, () => {
  const { keys, slot } = folderOfSlots();
  const plain = bytesOf(slot);
  moveToToken(keys, uriOf(), true);
  writeFileSync(slot, plain, { mode: 0o600 });
  assert.throws(() => openKeyStore(keys).decode(slot, bytesOf(slot)), coded("token.slot.plain"));
  assert.equal(moveToToken(keys, uriOf(), false).slots, 1);
  assert.deepEqual(openKeyStore(keys).decode(slot, bytesOf(slot)).key, ROOT);
});

test("a domain is lent its key in memory, a rotation and a restart need the token no more, and an earlier epoch is refused", { skip }, () => {
  const { keys, slot, own } = folderOfSlots();
  moveToToken(keys, uriOf(), true);
  const before = bytesOf(slot);
  const runDir = join(own, "run");
  mkdirSync(runDir);
  const lent = openLentKeys(runDir);
  try {
    const keeper = makeSlotKeeper(join(own, "epochs"), lent);
    keeper.open([slot, join(keys, "relay.key")]);
    const pin = readFileSync(join(base, "pin"));
    rmSync(join(base, "pin"));
    try {
      const path = keeper.use("interaction", slot, true, null);
      assert.notEqual(path, slot);
      assert.equal(statfsSync(dirname(path)).type, TMPFS_MAGIC);
      assert.equal(statSync(path).mode & 0o777, 0o600);
      assert.equal(statSync(dirname(path)).mode & 0o777, 0o700);
      assert.deepEqual(decodeKeySlot(bytesOf(path)), { epoch: 1n, key: ROOT });
      assert.equal(keeper.rotate(slot, new Uint8Array(32).fill(2)), 2n);
      assert.equal(isWrapped(bytesOf(`${slot}.next`)), true);
      assert.equal(readKeyAge(join(own, "epochs"), "interaction", slot, Date.now()).isRotated, true);
      assert.deepEqual(decodeKeySlot(bytesOf(keeper.use("interaction", slot, true, null))), { epoch: 2n, key: new Uint8Array(32).fill(2) });
      writeFileSync(slot, before);
      assert.throws(() => keeper.use("interaction", slot, false, null), coded("launch.key.epoch"));
    } finally {
      writeFileSync(join(base, "pin"), pin, { mode: 0o600 });
    }
    const folder = dirname(lent.lend("seen", new Uint8Array(32)));
    removeLentKeys(runDir);
    assert.equal(existsSync(folder), false);
  } finally {
    removeLentKeys(runDir);
  }
});

test("a wrapped key opens for no other domain, epoch, instance or token, and not after a change", { skip }, () => {
  const { keys, slot } = folderOfSlots();
  moveToToken(keys, uriOf(), true);
  const bytes = bytesOf(slot);
  const store = openKeyStore(keys);
  const broken = (path: string, wrapped: Uint8Array): void => assert.throws(() => store.decode(path, wrapped), coded("token.slot.broken"));
  broken(join(keys, "relay.key"), bytes);
  for (const at of [4, 11, 12, 30, 71]) broken(slot, bytes.map((byte, index) => (index === at ? byte ^ 1 : byte)));
  const other = folderOfSlots();
  moveToToken(other.keys, uriOf(), true);
  assert.throws(() => openKeyStore(other.keys).decode(slot, bytes), coded("token.slot.broken"));
  const plain = folderOfSlots();
  assert.throws(() => openKeyStore(plain.keys).decode(slot, bytes), coded("token.slot.wrapped"));
});

test("an absent token, key or library, a wrong PIN and one that others can read are told apart, and nothing is moved", { skip }, () => {
  const { keys, slot } = folderOfSlots();
  writeFileSync(join(base, "open-pin"), PIN, { mode: 0o644 });
  chmodSync(join(base, "open-pin"), 0o644);
  const refused: readonly (readonly [string, string])[] = [
    [uriOf({ token: "nobody" }), "token.slot.absent"], [uriOf({ object: "nothing" }), "token.key.absent"], [uriOf({ modulePath: "/usr/lib/none.so" }), "token.module.missing"],
    [uriOf({ modulePath: "/etc/hostname" }), "token.module.missing"], [uriOf({ pin: "wrong-pin" }), "token.pin.wrong"], [uriOf({ pin: "no-pin" }), "token.pin.missing"], [uriOf({ pin: "open-pin" }), "token.pin.exposed"],
  ];
  for (const [uri, code] of refused) assert.throws(() => moveToToken(keys, uri, false), coded(code), code);
  assert.deepEqual(bytesOf(slot), ROOT);
  assert.equal(existsSync(join(keys, "store.json")), false);
});

test("another key of the same label is refused, as are two of them and one that could be taken out of the token", { skip }, () => {
  const { keys } = folderOfSlots();
  const uri = uriOf({ object: "replaced" });
  moveToToken(keys, uri, true);
  tool("--delete-object", "--type", "secrkey", "--label", "replaced");
  assert.throws(() => openKeyStore(keys).open(), coded("token.key.absent"));
  tool("--keygen", "--key-type", "GENERIC:32", "--label", "replaced", "--id", "51", "--usage-sign", "--sensitive", "--private");
  assert.throws(() => openKeyStore(keys).open(), coded("token.key.other"));
  tool("--keygen", "--key-type", "GENERIC:32", "--label", "replaced", "--id", "52", "--usage-sign", "--sensitive", "--private");
  assert.throws(() => openKeyStore(keys).open(), coded("token.key.ambiguous"));
  tool("--keygen", "--key-type", "GENERIC:32", "--label", "loose", "--id", "53", "--usage-sign", "--extractable", "--private");
  assert.throws(() => moveToToken(folderOfSlots().keys, uriOf({ object: "loose" }), false), coded("token.key.extractable"));
});

test("the same key by another URI keeps its slots, and another key takes them over", { skip }, () => {
  const { keys, slot } = folderOfSlots();
  moveToToken(keys, uriOf(), true);
  const before = bytesOf(slot);
  writeFileSync(join(base, "second-pin"), PIN, { mode: 0o600 });
  assert.equal(moveToToken(keys, uriOf({ pin: "second-pin" }), false).slots, 0);
  assert.deepEqual(bytesOf(slot), before);
  assert.equal(moveToToken(keys, uriOf({ object: "other-root" }), true).slots, 2);
  assert.deepEqual(openKeyStore(keys).decode(slot, bytesOf(slot)).key, ROOT);
});

test("what would be an option, a relative path or another attribute is no token URI", () => {
  const good = uriOf();
  assert.equal(parseTokenUri(good).object, "root");
  for (const bad of [
    "", "file:/x", "pkcs11:", good.replace("root", "-root"), good.replace("root", "%2Droot"), good.replace("root", "a;object=b"), good.replace("bridge", ""), good.replace(MODULE, "lib.so"), good.replace(MODULE, "/usr/../lib.so"),
    good.replace(MODULE, "/usr/lib/a b.so"), `${good}&pin-value=1`, good.replace("token=bridge", "serial=1"), good.replace("root", "a%0ab"), good.replace("root", "%zz"), good.replace("root", "x".repeat(33)), `${good}${"x".repeat(2_000)}`,
  ]) assert.throws(() => parseTokenUri(bad), coded("token.uri.malformed"), bad);
});

test("what a token says becomes a code and nothing else of it is passed on", () => {
  assert.equal(tokenTrouble("error: PKCS11 function C_Login failed: rv = CKR_PIN_LOCKED (0xa4)\nAborting.", "bridge").code, "token.pin.locked");
  const { code, failure } = tokenTrouble("warning: CKR_ATTRIBUTE_SENSITIVE\nerror: secret words CKR_DEVICE_ERROR (0x30)", "bridge");
  assert.equal(code, "token.answer.failed");
  assert.deepEqual(failure.facts, { token: "bridge", says: "CKR_DEVICE_ERROR" });
});
