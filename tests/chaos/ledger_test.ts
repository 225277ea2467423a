import assert from "node:assert/strict";
import type { Observation } from "../../src/model/observation.ts";
import { type Balance, isEven, Ledger, roundPrefix, type Source, SOURCES } from "./ledger.ts";

const ROUND = roundPrefix(0xabc);
const number = (index: number): string => `${ROUND}${index}`;

/** An Observation as the program writes it of a finding with this number. */
function observationOf(source: Source, of: string, name = `${source}-${of}`): Observation {
  const details: Readonly<Record<Source, Observation["spec"]["details"]>> = {
    "kubernetes-events": {},
    "trivy": { vulnerabilityID: of },
    "kyverno": { rule: of },
    "falco": { output_fields: { "k8s.pod.name": of } },
    "chaos": { number: of },
  };
  return {
    apiVersion: "zen.kube-zen.io/v1alpha1",
    kind: "Observation",
    metadata: { name, namespace: "chaos" },
    spec: {
      source,
      category: "operations",
      severity: "high",
      eventType: "test",
      title: "A title",
      details: details[source],
      ...(source === "kubernetes-events" ? { origin: { name: of } } : {}),
    },
  } as Observation;
}

function balanceOf(ledger: Ledger, source: string, there: readonly Observation[]): Balance {
  const found = ledger.compare(there).find((balance) => balance.source === source);
  assert.ok(found);
  return found;
}

for (const source of SOURCES) {
  Deno.test(`${source}: what was accepted is even when it is there, and missing when it is not`, () => {
    const ledger = new Ledger(ROUND);
    ledger.make(source, [number(1), number(2)]);
    ledger.accept(source, [number(1), number(2)]);
    const both = [observationOf(source, number(1)), observationOf(source, number(2))];
    assert.ok(isEven(ledger.compare(both)));
    const balance = balanceOf(ledger, source, both.slice(1));
    assert.deepEqual(balance.missing, [number(1)]);
    assert.equal(isEven([balance]), false);
    assert.deepEqual([balance.made, balance.due], [2, 2]);
  });

  Deno.test(`${source}: two of one number are doubled, wherever they lie`, () => {
    const ledger = new Ledger(ROUND);
    ledger.make(source, [number(1)]);
    ledger.accept(source, [number(1)]);
    const balance = balanceOf(ledger, source, [
      observationOf(source, number(1), "one"),
      observationOf(source, number(1), "another"),
    ]);
    assert.deepEqual(balance.doubled, [number(1)]);
    assert.equal(isEven([balance]), false);
  });

  Deno.test(`${source}: what nobody made is unexpected`, () => {
    const balance = balanceOf(new Ledger(ROUND), source, [observationOf(source, number(9))]);
    assert.deepEqual(balance.unexpected, [number(9)]);
    assert.equal(isEven([balance]), false);
  });
}

Deno.test("what nobody answered for may be there or not, but never twice", () => {
  const ledger = new Ledger(ROUND);
  ledger.make("falco", [number(1)]);
  assert.ok(isEven(ledger.compare([])));
  assert.ok(isEven(ledger.compare([observationOf("falco", number(1))])));
  const twice = [observationOf("falco", number(1), "one"), observationOf("falco", number(1), "two")];
  assert.deepEqual(balanceOf(ledger, "falco", twice).doubled, [number(1)]);
  assert.equal(ledger.due, 0);
});

Deno.test("what is left of another round says nothing", () => {
  const ledger = new Ledger(ROUND);
  assert.ok(isEven(ledger.compare([observationOf("trivy", `${roundPrefix(0xdef)}1`)])));
});

Deno.test("what cannot be read back is unexpected, not passed over", () => {
  const ledger = new Ledger(ROUND);
  const { spec, ...rest } = observationOf("trivy", number(1), "strange");
  const balance = balanceOf(ledger, "trivy", [{ ...rest, spec: { ...spec, details: {} } }]);
  assert.deepEqual(balance.unexpected, ["unreadable strange"]);
  const foreign = { ...rest, spec: { ...spec, source: "other" } };
  assert.deepEqual(balanceOf(ledger, "other", [foreign]).unexpected, ["unreadable strange"]);
});

Deno.test("a number is made once, and accepted only when it was made", () => {
  const ledger = new Ledger(ROUND);
  ledger.make("falco", [number(1)]);
  assert.throws(() => ledger.make("falco", [number(1)]), /it must be told apart/);
  assert.throws(() => ledger.accept("falco", [number(2)]), /it must have been made/);
  assert.throws(() => ledger.make("falco", ["x"]), /it must begin with n00000abc-/);
});
