import assert from "node:assert/strict";
import test from "node:test";
import { isFinal, stepTransfer } from "../src/transfer-state.ts";
import { EVENTS, modelTable, parseRelayTable, STATES } from "./support/relay-table.ts";

test("the relay's states step in the code as in the model that spin searches", () => {
  const table = modelTable();
  for (const state of STATES) {
    for (const event of EVENTS) assert.equal(stepTransfer(state, event), table(state, event), `${state} and ${event}`);
  }
});

test("a final state never changes, and every other one has a way to a final one without CANCEL", () => {
  for (const state of STATES) {
    const next = EVENTS.map((event) => stepTransfer(state, event));
    if (isFinal(state)) assert.deepEqual(next, EVENTS.map(() => null), state);
    else for (const event of ["success", "failure"] as const) assert.equal(stepTransfer(state, event), event, state);
  }
});

test("a line of the model's table that is not understood is an error, not a gap", () => {
  for (const line of ["  :: state == begin && event == cancel -> next = gone", "  :: state == begin -> next = success", "  :: true -> skip"]) {
    assert.throws(() => parseRelayTable(line));
  }
});
