import { deepStrictEqual } from "node:assert";
import { test } from "node:test";

import { neighboursOf } from "../src/neighbours.ts";

const HOUSE = [
  { name: "network", kind: "network", port: 1 },
  { name: "plugin-a", kind: "plugin", port: 2 },
  { name: "plugin-b", kind: "plugin", port: 3 },
  { name: "witness-a-1", kind: "witness", port: 4 },
  { name: "interaction", kind: "interaction", port: 5 },
  { name: "relay", kind: "relay", port: 6 },
  { name: "module-a-asset", kind: "module", port: 9 },
  { name: "module-a-data", kind: "module", port: 10 },
];
const namesOf = (kind: string, name: string): readonly string[] => neighboursOf({ kind, name }, HOUSE).map((each) => each.name);

test("a domain is told the names of the ports it has business with, and of no others", () => {
  deepStrictEqual(namesOf("plugin", "plugin-a"), ["network", "interaction"]);
  deepStrictEqual(namesOf("witness", "witness-a-1"), ["network", "interaction"]);
  deepStrictEqual(namesOf("module", "module-a-asset"), ["network", "interaction"]);
  deepStrictEqual(namesOf("relay", "relay"), ["network", "interaction"]);
  deepStrictEqual(namesOf("interaction", "interaction"), ["plugin-a", "plugin-b", "witness-a-1", "relay", "module-a-asset", "module-a-data"]);
  deepStrictEqual(namesOf("network", "network"), ["plugin-a", "plugin-b", "witness-a-1", "relay", "module-a-asset", "module-a-data"]);
  deepStrictEqual(namesOf("unheard-of", "x"), []);
  const relayHouse = [...["validator", "signer"].map((kind, at) => ({ name: `${kind}-1`, kind, port: at + 7 })), { name: "network", kind: "network", port: 1 }];
  deepStrictEqual(neighboursOf({ kind: "signer", name: "signer-1" }, relayHouse).map(({ name }) => name), ["network"], "a signer knows no validator");
  deepStrictEqual(neighboursOf({ kind: "network", name: "network" }, relayHouse).map(({ name }) => name), ["validator-1", "signer-1"]);
});
