import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ROLES } from "@crossguardian/access";
import { CodedError, failure } from "@crossguardian/kernel";
import fc from "fast-check";
import { makeCedarRules, OWN_ACTIONS, readDefaultPolicy } from "../src/index.ts";
import { first, makeAccessHouse, operatorOf, orderOf, ruled } from "./support/access-house.ts";

const ACTIONS = {
  house: ["status", "trace", "listOpen", "showAccess", "readMetrics", "proposeAccess", "approveAccess", "setWhitelist", "upgrade", "changeAccess", "readAudit"],
  domain: ["status", "trace", "listOpen", "showAccess", "readMetrics", "limit", "quarantine", "freeze", "promote", "rebuild", "restart", "thaw", "release", "setResources", "exportDomain", "importDomain", "rotateKey", "readBody"],
};
const rulesOf = (document = first) => {
  const rules = makeCedarRules(ruled, document);
  assert.ok(rules.ok, rules.ok ? "" : JSON.stringify(rules.failure));
  return rules.value;
};
const standard = rulesOf();
const may = (name: string, action: string, resource: string, more: Partial<{ reason: string; nowMs: number; approvals: number }> = {}): boolean =>
  standard.ask({ principal: { kind: "operator", name }, action, resource, reason: "test", nowMs: 1_000, approvals: 2, ...more }).allowed;
const allowed = (name: string): readonly string[] =>
  [...ACTIONS.house.filter((action) => may(name, action, "")), ...ACTIONS.domain.filter((action) => may(name, action, "plugin-a")).map((action) => `${action} plugin-a`)];

describe("the policy that comes with the project", () => {
  const observe = ["status", "trace", "listOpen", "showAccess", "readMetrics"];
  const onDomain = (actions: readonly string[]): readonly string[] => actions.map((action) => `${action} plugin-a`);
  const respond = ["limit", "quarantine", "freeze", "promote", "rebuild", "restart"];
  const operate = ["thaw", "release", "setResources", "exportDomain", "importDomain"];

  test("gives each role its actions and nothing else, over every action there is", () => {
    assert.deepEqual(allowed("vera"), [...observe, ...onDomain(observe)]);
    assert.deepEqual(allowed("ann"), [...observe, ...onDomain([...observe, ...respond, ...operate])]);
    assert.deepEqual(allowed("olga"), [...observe, "proposeAccess", "approveAccess", "setWhitelist", "upgrade", "changeAccess", ...onDomain([...observe, ...respond, "rotateKey", "readBody"])]);
    assert.deepEqual(allowed("al"), [...observe, "readAudit", ...onDomain(observe)]);
  });

  test("lets an operator of one chain act on the domains of that chain only", () => {
    assert.ok(may("bob", "restart", "plugin-b"));
    assert.ok(!may("bob", "restart", "plugin-a"));
    assert.ok(!may("bob", "restart", "interaction"));
  });

  test("ends credentials at their time", () => {
    assert.ok(may("tim", "restart", "plugin-a", { nowMs: 1_999 }));
    assert.ok(!may("tim", "restart", "plugin-a", { nowMs: 2_000 }));
    assert.ok(!may("tim", "status", "", { nowMs: 2_000 }));
  });

  test("wants a reason for what changes something", () => {
    assert.ok(!may("ann", "restart", "plugin-a", { reason: "" }));
    assert.ok(may("vera", "status", "", { reason: "" }));
  });

  test("does not let an auditor act, whatever other role he has", () => {
    assert.ok(!may("both", "restart", "plugin-a"));
    assert.ok(may("both", "readAudit", ""));
  });

  test("changes operators and policy with two officers only", () => {
    for (const [approvals, isAllowed] of [[0, false], [1, false], [2, true], [3, true]] as const) assert.equal(may("olga", "changeAccess", "", { approvals }), isAllowed);
    assert.ok(!may("ann", "changeAccess", "", { approvals: 5 }));
  });

  test("denies strangers, unknown domains and actions the schema does not know", () => {
    const { ask } = standard;
    const base = { reason: "test", nowMs: 1, approvals: 2, resource: "plugin-a", action: "restart" };
    assert.ok(!ask({ ...base, principal: { kind: "operator", name: "eve" } }).allowed);
    assert.ok(!ask({ ...base, principal: { kind: "operator", name: "ann" }, resource: "plugin-x" }).allowed);
    assert.ok(!ask({ ...base, principal: { kind: "operator", name: "ann" }, action: "selfDestruct" }).allowed);
    assert.ok(!ask({ ...base, principal: { kind: "operator", name: "ann" }, resource: "" }).allowed);
  });

  test("no name, action or reason makes asking throw or allows anything to nobody", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (name, action, resource) => {
      fc.pre(!first.operators.some((each) => each.name === name));
      assert.equal(standard.ask({ principal: { kind: "operator", name }, action, resource, reason: name, nowMs: 1, approvals: 9 }).allowed, false);
    }));
  });
});

describe("a policy", () => {
  const codeOf = (policy: string): string => {
    const rules = makeCedarRules(ruled, { ...first, policy });
    return rules.ok ? "ok" : rules.failure.code;
  };

  test("that does not parse, does not fit the schema, or has a rule without an id of its own is refused", () => {
    for (const policy of [
      "permit (principal, action, resource)",
      "permit (principal, action, resource);",
      '@id("a") permit (principal, action == Action::"fly", resource);',
      '@id("a") permit (principal in Role::"operator", action in Action::"observe", resource) when { principal.colour == "red" };',
      '@id("a") permit (principal in Group::"x", action, resource);',
      '@id("a") permit (principal, action, resource); @id("a") forbid (principal, action, resource);',
      '@id("A b") permit (principal, action, resource);',
      '@id("a") permit (principal == ?principal, action, resource);',
      '@id("a") permit (principal is House, action == Action::"restart", resource);',
      Array.from({ length: 129 }, (_, at) => `@id("r${String(at)}") permit (principal, action == Action::"status", resource);`).join("\n"),
    ]) assert.equal(codeOf(policy), "access.policy.invalid", policy.slice(0, 100));
    assert.equal(codeOf(readDefaultPolicy()), "ok");
  });

  test("that is not sound stops the making of an access point", () => {
    assert.throws(() => makeAccessHouse({ ...first, policy: "permit" }), (error) => error instanceof CodedError && error.code === "access.policy.invalid");
  });

  test("without a word about a role permits that role nothing", () => {
    const rules = makeCedarRules(ruled, { ...first, policy: '@id("only-status") permit (principal, action == Action::"status", resource);' });
    assert.ok(rules.ok);
    for (const { name } of first.operators) {
      for (const action of ACTIONS.domain) {
        assert.equal(rules.value.ask({ principal: { kind: "operator", name }, action, resource: "plugin-a", reason: "x", nowMs: 1, approvals: 9 }).allowed, action === "status");
      }
    }
  });
});

describe("the authorization point", () => {
  test("has one record for each decision, with who, what, why and the version of the rules, before it answers", async () => {
    const { access, records } = makeAccessHouse();
    const yes = await access.authorize({ principal: { kind: "operator", name: "ann" }, action: "restart", resource: "plugin-a", reason: "it hangs" });
    const no = await access.authorize({ principal: { kind: "operator", name: "vera" }, action: "restart", resource: "plugin-a", reason: "it hangs" });
    assert.deepEqual(yes, { allowed: true, why: "operators-act-on-their-chains" });
    assert.deepEqual(no, { allowed: false, why: "no rule" });
    assert.deepEqual(records, [
      { event: "access.decided", who: "ann", action: "restart", resource: "plugin-a", decision: "allow", why: "operators-act-on-their-chains", facts: { reason: "it hangs", version: 0 } },
      { event: "access.decided", who: "vera", action: "restart", resource: "plugin-a", decision: "deny", why: "no rule", facts: { reason: "it hangs", version: 0 } },
    ]);
  });

  test("allows nothing that can not be recorded", async () => {
    const { access, close } = makeAccessHouse();
    close(failure("audit.log.write"));
    await assert.rejects(access.authorize({ principal: { kind: "operator", name: "ann" }, action: "restart", resource: "plugin-a", reason: "x" }), /audit\.log\.write/u);
  });

  test("answers management's own responses from a table that says the same as the rules", () => {
    const { access } = makeAccessHouse();
    for (const { name } of ruled.domains) {
      for (const action of [...OWN_ACTIONS, "readBody", "rotateKey", "upgrade"]) {
        const { allowed: isAllowed } = standard.ask({ principal: { kind: "part", name: "management" }, action, resource: name, reason: "response", nowMs: 1, approvals: 0 });
        assert.equal(access.permits(action, name), isAllowed, `${action} ${name}`);
      }
    }
    assert.ok(access.permits("quarantine", "plugin-a"));
    assert.ok(!access.permits("quarantine", "plugin-x"));
    assert.ok(!access.permits("readBody", "interaction"));
  });

  test("uses another document from the moment it is put in force, for operators and for its own table", async () => {
    const { access } = makeAccessHouse();
    access.replace({ ...first, version: 1, policy: '@id("nothing-else") permit (principal in Role::"viewer", action == Action::"restart", resource);' });
    const answer = await access.authorize({ principal: { kind: "operator", name: "vera" }, action: "restart", resource: "plugin-a", reason: "x" });
    assert.deepEqual(answer, { allowed: true, why: "nothing-else" });
    assert.ok(!access.permits("quarantine", "plugin-a"));
  });
});

describe("the desk for orders", () => {
  test("has an allowed order done once and recorded, with its outcome", async () => {
    const { desk, give, records } = makeAccessHouse();
    const done: string[] = [];
    desk.serve("restart", async ({ resource, operator }) => {
      done.push(`${operator} ${resource}`);
      return { epoch: 5n };
    });
    const order = orderOf("ann", "restart", "plugin-a");
    assert.deepEqual(JSON.parse(await desk.take(order)), { allowed: true, why: "operators-act-on-their-chains", result: { epoch: "5" } });
    assert.equal((JSON.parse(await desk.take(order)) as { failure: { code: string } }).failure.code, "access.order.replayed");
    assert.equal((await give("vera", "restart", "plugin-a")).failure?.code, "access.order.denied");
    assert.deepEqual(done, ["ann plugin-a"]);
    assert.deepEqual(records.map(({ event, who, decision, why }) => `${event} ${who} ${decision} ${why}`), [
      "access.decided ann allow operators-act-on-their-chains",
      "order.done ann done test",
      "order.refused ann deny access.order.replayed",
      "access.decided vera deny no rule",
    ]);
  });

  test("refuses and records an order that is forged, foreign, late or for nobody, and does nothing", async () => {
    const { desk, give, records, moveTo } = makeAccessHouse();
    desk.serve("restart", async () => assert.fail("nothing may be done"));
    const code = async (...order: Parameters<typeof orderOf>): Promise<string | undefined> => (await give(...order)).failure?.code;
    assert.equal(await code("ann", "restart", "plugin-a", {}, "eve"), "access.order.signature");
    assert.equal(await code("eve", "restart", "plugin-a"), "access.order.stranger");
    assert.equal(await code("ann", "restart", "plugin-a", { house: "demo-gateway-b" }), "access.order.house");
    assert.equal(await code("ann", "restart", "plugin-x"), "access.order.denied");
    assert.equal((JSON.parse(await desk.take("{}")) as { failure: { code: string } }).failure.code, "access.order.malformed");
    moveTo(100_000);
    assert.equal(await code("ann", "restart", "plugin-a"), "access.order.late");
    assert.equal(records.length, 6);
    assert.ok(records.every(({ decision }) => decision === "deny"));
  });

  test("refuses what was signed before management was started: a replay over a restart finds no memory", async () => {
    const { give } = makeAccessHouse(first, 1_001);
    assert.equal((await give("ann", "status", "")).failure?.code, "access.order.late");
  });

  test("refuses every order while its record can not be kept", async () => {
    const { desk, give, close } = makeAccessHouse();
    desk.serve("restart", async () => assert.fail("nothing may be done"));
    close(failure("audit.log.forked"));
    assert.deepEqual((await give("ann", "restart", "plugin-a")).failure, { code: "access.order.closed", facts: { why: "audit.log.forked" } });
  });

  test("tells a failed action by its code and records it", async () => {
    const { desk, give, records } = makeAccessHouse();
    desk.serve("restart", async () => {
      throw new CodedError("management.domain.absent", { name: "plugin-a" });
    });
    assert.equal((await give("ann", "restart", "plugin-a")).failure?.code, "management.domain.absent");
    assert.equal(records.at(-1)?.decision, "failed");
    assert.equal((await give("ann", "thaw", "plugin-a")).failure?.code, "access.order.unserved");
  });
});

test("an operator may have each of the roles there are", () => {
  for (const role of ROLES) assert.ok(makeCedarRules(ruled, { ...first, operators: [...first.operators, operatorOf("new", [role])] }).ok);
});
