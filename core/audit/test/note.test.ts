import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex, utf8 } from "@crossguardian/kernel";
import fc from "fast-check";
import { formatNoteKey, fromBase64, type NoteKey, openCheckpoint, openNote, parseNoteKey, signCheckpoint, signNote, toBase64 } from "../src/index.ts";
import { powers, publicOf } from "./powers.ts";

const seed = powers.sha256(utf8("a test key"));
const key: NoteKey = { name: "example.org/log", publicKey: publicOf(seed) };
const checkpoint = { origin: key.name, size: 7, root: powers.sha256(utf8("root")) };
const codeOf = (outcome: { readonly ok: boolean; readonly failure?: { readonly code: string } }): string => (outcome.ok ? "ok" : (outcome.failure?.code ?? ""));

// Key and note of the documentation of golang.org/x/mod/sumdb/note, which first described the form.
const PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const NOTE = `${TEXT}\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;

test("the published example of a signed note opens with its published key", () => {
  const peter = parseNoteKey(powers.sha256, PETER);
  assert.ok(peter.ok);
  assert.equal(formatNoteKey(powers.sha256, peter.value), PETER);
  assert.deepEqual(openNote(powers, NOTE, peter.value), { ok: true, value: TEXT });
});

test("a key whose hash does not fit, of another kind or with a changed name is refused", () => {
  const text = formatNoteKey(powers.sha256, key);
  assert.ok(parseNoteKey(powers.sha256, text).ok);
  for (const wrong of [text.replace("example", "exbmple"), text.slice(0, -4), `${text}=`, "", "+", "a+b", "a b+00000000+AA==", PETER.replace("+AR", "+BR")]) {
    assert.equal(codeOf(parseNoteKey(powers.sha256, wrong)), "audit.note.key", wrong);
  }
});

test("a checkpoint has the three lines of its form, and comes back as it was signed", () => {
  const note = signCheckpoint(powers, checkpoint, key, seed);
  assert.deepEqual(note.split("\n").slice(0, 4), ["example.org/log", "7", toBase64(checkpoint.root), ""]);
  assert.deepEqual(openCheckpoint(powers, note, key), { ok: true, value: checkpoint });
});

test("no change of one character of a signed checkpoint is accepted", () => {
  const note = signCheckpoint(powers, checkpoint, key, seed);
  fc.assert(fc.property(fc.nat(note.length - 1), fc.string({ minLength: 0, maxLength: 2 }), (at, put) => {
    const other = note.slice(0, at) + put + note.slice(at + 1);
    fc.pre(other !== note);
    assert.equal(openCheckpoint(powers, other, key).ok, false);
  }), { numRuns: 800 });
});

test("signatures of other keys are passed over, but one of the log's own key must be there and be true", () => {
  const otherSeed = powers.sha256(utf8("another"));
  const witness: NoteKey = { name: "example.org/witness", publicKey: publicOf(otherSeed) };
  const note = signCheckpoint(powers, checkpoint, key, seed);
  const cosigned = signNote(powers, note.slice(0, note.indexOf("\n\n") + 1), witness, otherSeed);
  const line = cosigned.slice(cosigned.indexOf("\n\n") + 2);
  assert.ok(openCheckpoint(powers, note + line, key).ok);
  assert.ok(openNote(powers, note + line, witness).ok);
  assert.equal(codeOf(openCheckpoint(powers, cosigned, key)), "audit.note.unsigned");
  const impostor = signNote(powers, note.slice(0, note.indexOf("\n\n") + 1), key, otherSeed);
  assert.equal(codeOf(openCheckpoint(powers, impostor, key)), "audit.note.signature");
});

test("a well signed text that is no checkpoint of this log is refused", () => {
  const sign = (text: string): string => signNote(powers, text, key, seed);
  const root = toBase64(checkpoint.root);
  assert.equal(codeOf(openCheckpoint(powers, sign(`other.org/log\n7\n${root}\n`), key)), "audit.checkpoint.origin");
  for (const text of ["example.org/log\n", `example.org/log\n-1\n${root}\n`, `example.org/log\n07\n${root}\n`, "example.org/log\n7\nAAAA\n", `example.org/log\n1e3\n${root}\n`]) {
    assert.equal(codeOf(openCheckpoint(powers, sign(text), key)), "audit.checkpoint.malformed", text);
  }
});

test("no text makes the reader of notes and keys throw", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 400 }), (text) => {
    assert.equal(openNote(powers, text, key).ok, false);
    assert.equal(openNote(powers, `${TEXT}\n\u2014 ${text}\n`, key).ok, false);
    assert.equal(parseNoteKey(powers.sha256, text).ok, false);
  }));
  assert.equal(openNote(powers, "a".repeat(20_000), key).ok, false);
});

test("base64 comes back as it went, equals Node's, and only in its canonical form", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
    assert.equal(toBase64(bytes), Buffer.from(bytes).toString("base64"));
    assert.equal(toHex(fromBase64(toBase64(bytes)) ?? new Uint8Array(1)), toHex(bytes));
  }));
  for (const wrong of ["AA", "AA=", "AB==", "A A==", "AA==\n", "_-==", "\u{1F600}"]) assert.equal(fromBase64(wrong), null, wrong);
});
