import { deepStrictEqual, rejects, strictEqual } from "node:assert";
import { test } from "node:test";
import { makeKeepBeside } from "../src/adapters/vm/keep-beside.ts";

type Made = { readonly said: string[]; readonly plan: (machine: string) => () => void };

const open = (): Made & { readonly beside: ReturnType<typeof makeKeepBeside> } => {
  const beside = makeKeepBeside();
  const said: string[] = [];
  return {
    beside, said,
    plan: (machine) => {
      const made = Promise.withResolvers<undefined>();
      beside.plan(machine, {
        make: async () => {
          said.push(`begins ${machine}`);
          await made.promise;
          said.push(`has ${machine}`);
        },
        end: async () => {
          said.push(`ends ${machine}`);
          made.reject(new Error("given up"));
          return Promise.resolve();
        },
      });
      return () => made.resolve(undefined);
    },
  };
};

test("states are made one after another, and each is made once", async () => {
  const { beside, said, plan } = open();
  const finish = [plan("a"), plan("b")];
  const both = [beside.now("a"), beside.now("b"), beside.now("a")];
  for (const each of finish) each();
  await Promise.all(both);
  await beside.now("a");
  deepStrictEqual(said, ["begins a", "has a", "begins b", "has b"]);
});

test("one that is under way is given up with its machine, and the next one is made", async () => {
  const { beside, said, plan } = open();
  plan("a");
  plan("b")();
  const given = rejects(beside.now("a"), /given up/u);
  const next = beside.now("b");
  await new Promise((resolve) => setImmediate(resolve));
  await beside.drop("a");
  await Promise.all([given, next]);
  deepStrictEqual(said, ["begins a", "ends a", "begins b", "has b"]);
});

test("what was taken back before its turn is not made", async () => {
  const { beside, said, plan } = open();
  const finish = plan("a");
  plan("b");
  const all = [beside.now("a"), beside.now("b")];
  const dropped = beside.drop("b");
  finish();
  await Promise.all([...all, dropped]);
  await beside.now("b");
  strictEqual(said.some((each) => each === "begins b"), false);
});
