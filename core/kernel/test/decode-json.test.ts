import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CodedError, MAX_JSON_DEPTH, decodeJson } from "../src/index.ts";

const codeOf = (text: string): string => {
  try {
    decodeJson(text);
    return "";
  } catch (error) {
    if (error instanceof CodedError) return error.code;
    assert.ok(error instanceof SyntaxError);
    return "syntax";
  }
};

test("what JSON can say is read as JSON reads it", () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(undefined, 1, "\t"), (value, space) => {
    const text = JSON.stringify(value, null, space);
    assert.deepEqual(decodeJson(text), JSON.parse(text));
  }));
});

test("a key that an object has twice is refused, however it is written and wherever it stands", () => {
  for (const text of ['{"a":1,"a":1}', '{"a":1,"\\u0061":2}', '{ "a" : 1 , "b":{}, "a"\n:2}', '[{"x":[{"k":1,"k":2}]}]', '{"__proto__":1,"__proto__":2}', '{"":1,"":2}', '{"q\\"":1,"q\\"":2}']) {
    assert.equal(codeOf(text), "kernel.json.keyTwice", text);
  }
});

test("the same word in two objects, as a value, or in a text, is not a key twice", () => {
  for (const text of ['{"a":"a","b":"a"}', '[{"a":1},{"a":1}]', '{"a":{"a":{"a":1}}}', '{"a":"\\"a\\":","b":"{\\"a\\":1,\\"a\\":2}"}', '["a","a"]']) assert.equal(codeOf(text), "", text);
});

test("nesting beyond the bound is refused, without a stack that overflows", () => {
  const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
  assert.equal(codeOf(nested(MAX_JSON_DEPTH)), "");
  assert.equal(codeOf(nested(MAX_JSON_DEPTH + 1)), "kernel.json.depth");
  assert.match(codeOf(nested(1_000_000)), /^(?:kernel\.json\.depth|syntax)$/u);
});

test("no text causes anything but a value or a refusal", () => {
  fc.assert(fc.property(fc.string(), (text) => void codeOf(text)));
  fc.assert(fc.property(fc.json({ maxDepth: 5 }), (text) => assert.notEqual(codeOf(text.slice(0, -1)), "kernel.json.keyTwice")));
});
