import assert from "node:assert/strict";
import { ingesterLabel, labelValue, shortHash } from "../../src/write/label_value.ts";

/** What the API server takes as a label value (apimachinery, IsValidLabelValue). */
const TAKEN = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

Deno.test("A legal value stays as it is, any other becomes its hash", () => {
  for (const text of ["trivy", "a", "config_audit", "A.b-c_d", "x".repeat(63), "0"]) {
    assert.equal(labelValue(text), text);
  }
  const others = ["", "-a", "a-", "_", "a/b", "ü", "a b", "x".repeat(64), "a\n", ".a"];
  for (const text of others) {
    assert.match(labelValue(text), /^[a-z2-7]{26}$/, JSON.stringify(text));
  }
  assert.equal(new Set(others.map(labelValue)).size, others.length);
});

Deno.test("An Ingester's label is its namespace and name, cut with a hash when that is too long", () => {
  assert.equal(ingesterLabel("zen", "trivy"), "zen.trivy");
  const fits = ingesterLabel("n".repeat(31), "i".repeat(31));
  assert.equal(fits, `${"n".repeat(31)}.${"i".repeat(31)}`);
  const long = ingesterLabel("n".repeat(63), "i".repeat(63));
  assert.equal(long, `${"n".repeat(46)}-${shortHash(`${"n".repeat(63)}.${"i".repeat(63)}`, 16)}`);
  assert.equal(long.length, 63);
  assert.notEqual(long, ingesterLabel("n".repeat(63), "j".repeat(63)));
  for (const label of [fits, long]) assert.match(label, TAKEN);
});

Deno.test("A hash is the same for the same text, and as long as asked", () => {
  assert.equal(shortHash("abc", 16), shortHash("abc", 26).slice(0, 16));
  assert.equal(shortHash("abc", 5), "xj4bn");
});
