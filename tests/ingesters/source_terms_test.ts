import assert from "node:assert/strict";
import { Activities } from "../../src/ingesters/activities.ts";
import { sourceTerms } from "../../src/ingesters/source_terms.ts";
import { ApiError } from "../../src/kube/errors.ts";

const FORBIDDEN = new ApiError("may not create", { code: 403, reason: "Forbidden" });

Deno.test("A source of the leader writes without end while its term lasts", () => {
  let isLeader = true;
  const parts = { activities: new Activities(), mayWrite: () => isLeader };
  const terms = sourceTerms("zen/one", parts, new AbortController().signal);
  assert.equal(terms.patienceMilliseconds, Infinity);
  assert.equal(terms.mayWrite(), true);
  isLeader = false;
  assert.equal(terms.mayWrite(), false);
});

Deno.test("What its writes wait for is told of its Ingester, until the source is stopped", () => {
  const activities = new Activities();
  const stop = new AbortController();
  const terms = sourceTerms("zen/one", { activities, mayWrite: () => true }, stop.signal);
  terms.onStall(FORBIDDEN);
  assert.equal(activities.of("zen/one").stall, "may not create");
  assert.equal(activities.of("zen/one").stallKind, "forbidden");
  assert.equal(activities.of("zen/two").stall, undefined);
  terms.onStall(undefined);
  assert.equal(activities.of("zen/one").stall, undefined);
  stop.abort();
  terms.onStall(FORBIDDEN);
  assert.equal(activities.of("zen/one").stall, undefined);
});
