import assert from "node:assert/strict";
import { problem, PROBLEMS, unavailable } from "../../src/intake/problem.ts";

Deno.test("a problem has the members of RFC 9457 and those given", async () => {
  const response = problem("method-not-allowed", "This webhook takes POST", {
    headers: { Allow: "POST" },
    members: { received: 1 },
  });
  assert.equal(response.status, 405);
  assert.equal(response.headers.get("Content-Type"), "application/problem+json");
  assert.equal(response.headers.get("Allow"), "POST");
  assert.deepEqual(await response.json(), {
    type: "about:blank",
    title: "Method Not Allowed",
    status: 405,
    detail: "This webhook takes POST",
    received: 1,
  });
});

Deno.test("what is unavailable says when to come again", async () => {
  const response = unavailable("Later", 7, { rejected: 2 });
  assert.deepEqual([response.status, response.headers.get("Retry-After")], [503, "7"]);
  assert.equal((await response.json()).rejected, 2);
});

Deno.test("each kind of problem has a status of its own", () => {
  const statuses = Object.values(PROBLEMS).map(({ status }) => status);
  assert.equal(new Set(statuses).size, statuses.length);
});
