import { readFileSync } from "node:fs";
import { type TransferEvent, type TransferState } from "../../src/transfer-state.ts";

const STATE_NAMES: Readonly<Record<TransferState, true>> = { begin: true, beginRollback: true, success: true, failure: true, rollback: true };
const EVENT_NAMES: Readonly<Record<TransferEvent, true>> = { cancel: true, success: true, failure: true, rollback: true };
/** Every state: the type does not let one be forgotten. */
export const STATES = Object.keys(STATE_NAMES) as readonly TransferState[];
/** Every event. */
export const EVENTS = Object.keys(EVENT_NAMES) as readonly TransferEvent[];

/** The next state, or null where the event is refused. */
export type RelayTable = (state: TransferState, event: TransferEvent) => TransferState | null;

const stateNamed = (name: string): TransferState => {
  const found = STATES.find((state) => state === name);
  if (found === undefined) throw new Error(`the model's table names a state that is not in the code: ${name}`);
  return found;
};

const eventNamed = (name: string): TransferEvent => {
  const found = EVENTS.find((event) => event === name);
  if (found === undefined) throw new Error(`the model's table names an event that is not in the code: ${name}`);
  return found;
};

/** Reads the table of the Promela model. Every line that begins an option has to be understood. */
export const parseRelayTable = (text: string): RelayTable => {
  const table = new Map<string, TransferState>();
  for (const line of text.split("\n").filter((each) => each.trim().startsWith("::"))) {
    if (line.trim() === ":: else -> next = none") continue;
    const found = /^ *:: state == (\w+) && event == (\w+) -> next = (\w+)$/u.exec(line);
    if (found === null) throw new Error(`not a transition: ${line}`);
    const [, state = "", event = "", next = ""] = found;
    const key = `${stateNamed(state)} ${eventNamed(event)}`;
    if (table.has(key)) throw new Error(`named twice: ${key}`);
    table.set(key, stateNamed(next));
  }
  return (state, event) => table.get(`${state} ${event}`) ?? null;
};

/** The table that `make model` searches with. */
export const modelTable = (): RelayTable =>
  parseRelayTable(readFileSync(new URL("../../../../model/relay-table.pml", import.meta.url), "utf8"));
