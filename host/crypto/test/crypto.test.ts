import assert from "node:assert/strict";
import { test } from "node:test";
import { CodedError, fromHex, toHex, utf8, keyLabel } from "@crossguardian/kernel";
import { privateKeyToAddress, sign as viemSign } from "viem/accounts";
import { keccak256 as viemKeccak, recoverAddress } from "viem";
import { makeCrypto } from "../src/index.ts";

const crypto = await makeCrypto();
const key = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const coded = (code: string) => (error: unknown) => error instanceof CodedError && error.code === code;
const none = new Uint8Array(0);

test("keccak256 and sha256 give the published digests of the empty text and of abc", () => {
  assert.equal(toHex(crypto.keccak256(none)), "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
  assert.equal(toHex(crypto.sha256(none)), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assert.equal(toHex(crypto.sha256(utf8("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

test("keccak256 agrees with an independent implementation for every length around its block, and keeps earlier results", () => {
  const first = crypto.keccak256(utf8("first"));
  const kept = toHex(first);
  for (const length of [0, 1, 135, 136, 137, 271, 272, 273, 10_000, 70_000]) {
    const bytes = crypto.random.bytes(length);
    assert.equal(`0x${toHex(crypto.keccak256(bytes))}`, viemKeccak(bytes), `${length} bytes`);
  }
  assert.equal(toHex(first), kept);
});

test("sha256 gives the same digest on both sides of its one-shot bound", async () => {
  for (const length of [8191, 8192, 8193, 100_000]) {
    const bytes = crypto.random.bytes(length);
    const wanted = new Uint8Array(await globalThis.crypto.subtle.digest("SHA-256", new Uint8Array(bytes)));
    assert.deepEqual(crypto.sha256(bytes), wanted);
  }
});

test("a signature is low-s, recovers to the signer and agrees with another implementation", async () => {
  for (let round = 0; round < 20; round += 1) {
    const privateKey = crypto.random.bytes(32);
    const hex = `0x${toHex(privateKey)}` as const;
    const digest = crypto.random.bytes(32);
    const { signature, recovery } = crypto.secp256k1.sign(digest, privateKey);
    const address = crypto.secp256k1.address(privateKey);
    assert.equal(`0x${toHex(address)}`, privateKeyToAddress(hex).toLowerCase());
    assert.deepEqual(crypto.secp256k1.recoverAddress(digest, signature, recovery), address);
    const theirs = await viemSign({ hash: `0x${toHex(digest)}`, privateKey: hex, to: "hex" });
    assert.equal(theirs.slice(2, 130), toHex(signature));
    const recovered = await recoverAddress({ hash: `0x${toHex(digest)}`, signature: theirs });
    assert.equal(recovered.toLowerCase(), `0x${toHex(address)}`);
  }
});

test("the high-s twin of a valid signature is refused", () => {
  const digest = key(7);
  const { signature, recovery } = crypto.secp256k1.sign(digest, key(1));
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const s = BigInt(`0x${toHex(signature.subarray(32))}`);
  const twin = Uint8Array.from([...signature.subarray(0, 32), ...fromHex((order - s).toString(16).padStart(64, "0"))]);
  assert.equal(crypto.secp256k1.recoverAddress(digest, twin, 1 - recovery), null);
});

test("damaged signatures never recover to the signer and never throw", () => {
  const digest = key(9);
  const { signature, recovery } = crypto.secp256k1.sign(digest, key(2));
  const address = toHex(crypto.secp256k1.address(key(2)));
  for (let at = 0; at < 64; at += 1) {
    const bad = signature.slice();
    bad[at] = (bad[at] ?? 0) ^ 1;
    const got = crypto.secp256k1.recoverAddress(digest, bad, recovery);
    assert.ok(got === null || toHex(got) !== address);
  }
  for (const bad of [none, new Uint8Array(64), new Uint8Array(64).fill(255), new Uint8Array(65)]) {
    assert.equal(crypto.secp256k1.recoverAddress(digest, bad, 0), null);
  }
  assert.equal(crypto.secp256k1.recoverAddress(digest, signature, 2), null);
});

test("zero and the group order are no private keys", () => {
  const order = fromHex("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
  assert.throws(() => crypto.secp256k1.address(key(0)), coded("crypto.key.invalid"));
  assert.throws(() => crypto.secp256k1.sign(key(1), order), coded("crypto.key.invalid"));
  assert.throws(() => crypto.secp256k1.sign(none, key(1)), coded("crypto.key.length"));
});

test("keys of different labels differ, and a label always gives the same key", () => {
  const first = crypto.deriveKey(key(1), keyLabel("gateway-key"));
  assert.equal(first.length, 32);
  assert.deepEqual(crypto.deriveKey(key(1), keyLabel("gateway-key")), first);
  assert.notDeepEqual(crypto.deriveKey(key(1), keyLabel("box-key")), first);
  assert.notDeepEqual(crypto.deriveKey(key(2), keyLabel("gateway-key")), first);
  assert.throws(() => crypto.deriveKey(none, keyLabel("box-key")), coded("crypto.key.length"));
});

test("X25519 agrees with RFC 7748 section 6.1", () => {
  const bob = fromHex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
  const alicePublic = fromHex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
  assert.equal(toHex(crypto.x25519.publicKey(bob)), "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
  const shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
  assert.equal(toHex(crypto.x25519.shared(bob, alicePublic)), shared);
});

test("public keys of small order are refused", () => {
  const order8 = fromHex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800");
  for (const weak of [key(0), Uint8Array.from([1, ...new Uint8Array(31)]), order8]) {
    assert.throws(() => crypto.x25519.shared(key(3), weak), coded("crypto.x25519.weak"));
  }
});

test("both suites open what they sealed, and nothing that was changed", () => {
  const nonce = new Uint8Array(12);
  const aad = utf8("header");
  for (const suite of ["aes-256-gcm", "chacha20-poly1305"]) {
    for (const length of [0, 1, 500, 70_000]) {
      const plaintext = crypto.random.bytes(length);
      const sealed = crypto.aead.seal(suite, key(4), nonce, plaintext, aad);
      assert.equal(sealed.length, length + 16);
      assert.deepEqual(crypto.aead.open(suite, key(4), nonce, sealed, aad), plaintext);
      assert.deepEqual(crypto.aead.seal(suite, key(4), nonce, plaintext, aad), sealed);
      assert.equal(crypto.aead.open(suite, key(4), nonce, sealed, utf8("Header")), null);
      assert.equal(crypto.aead.open(suite, key(5), nonce, sealed, aad), null);
      assert.equal(crypto.aead.open(suite, key(4), nonce, sealed.subarray(1), aad), null);
      const bad = sealed.slice();
      bad[bad.length - 1] = (bad[bad.length - 1] ?? 0) ^ 1;
      assert.equal(crypto.aead.open(suite, key(4), nonce, bad, aad), null);
    }
  }
  assert.throws(() => crypto.aead.seal("aes-128-gcm", key(4), nonce, none, none), coded("crypto.suite.unknown"));
});

test("Ed25519 agrees with RFC 8032 test 1 and refuses a changed message", () => {
  const seed = fromHex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  const { publicKey, privateKey } = crypto.ed25519.keyPair(seed);
  assert.equal(toHex(publicKey), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  const signature = crypto.ed25519.sign(none, privateKey);
  assert.ok(toHex(signature).startsWith("e5564300c360ac729086e2cc806e828a"));
  assert.equal(crypto.ed25519.verify(none, signature, publicKey), true);
  assert.equal(crypto.ed25519.verify(utf8("x"), signature, publicKey), false);
  assert.equal(crypto.ed25519.verify(none, signature.subarray(1), publicKey), false);
});

test("a sealed box opens for its key only, and two boxes of one text differ", () => {
  const receiver = crypto.x25519.publicKey(key(6));
  const plaintext = utf8("salt and body");
  const sealed = crypto.sealTo(receiver, plaintext);
  assert.deepEqual(crypto.openSealed(key(6), sealed), plaintext);
  assert.equal(crypto.openSealed(key(7), sealed), null);
  assert.notDeepEqual(crypto.sealTo(receiver, plaintext), sealed);
  for (const bad of [none, sealed.subarray(1), sealed.subarray(0, 47), new Uint8Array(80)]) {
    assert.equal(crypto.openSealed(key(6), bad), null);
  }
});
