import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CodedError } from "@crossguardian/kernel";
import fc from "fast-check";
import { decodeControlRequest } from "../src/decode-control-request.ts";
import { decodeManagementLine } from "../src/decode-management-line.ts";
import { decodeProcesses } from "../src/decode-processes.ts";
import { readFromSwitch } from "../src/switch-lines.ts";

describe("what the launcher is told", () => {
  test("by management is understood or refused with a code", () => {
    assert.deepEqual(decodeManagementLine('{"type":"admitted","name":"a","epoch":"3"}'), { ok: true, value: { type: "admitted", name: "a", epoch: "3" } });
    assert.ok(!decodeManagementLine('{"type":"restart","name":"a","epoch":"3"}').ok);
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void decodeManagementLine(text)));
  });

  test("at the control socket is understood or refused with a code", () => {
    assert.deepEqual(decodeControlRequest('{"cmd":"kill","name":"a"}'), { cmd: "kill", name: "a" });
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        assert.throws(() => decodeControlRequest(text), (error) => error instanceof CodedError && error.code === "launch.control.malformed");
      }),
    );
  });

  test("by the switch is understood or passed over", () => {
    assert.deepEqual(readFromSwitch({ type: "torn", number: 3, code: "wire.frame.magic" }), { type: "torn", number: 3, code: "wire.frame.magic" });
    fc.assert(fc.property(fc.anything(), (value) => void readFromSwitch(value)));
  });

  test("by a damaged process list is nothing", () => {
    assert.deepEqual(decodeProcesses('[{"pid":1,"startTicks":"2"},{"pid":7,"startTicks":"2"},3]'), [{ pid: 7, startTicks: "2" }]);
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => decodeProcesses(text).every(({ pid }) => pid > 1)));
  });
});
