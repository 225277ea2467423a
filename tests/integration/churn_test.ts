import assert from "node:assert/strict";
import { churn } from "../churn/churn.ts";
import { complaintsOf, linesOf } from "../churn/report.ts";

Deno.test("twenty Ingesters that are created, edited and deleted at random lose nothing and leave nothing behind", async () => {
  const options = {
    seconds: 10,
    ingesters: 20,
    editsPerSecond: 15,
    rate: 20,
    quietSeconds: 3,
    seed: 20260102,
  };
  const result = await churn(options);
  for (const line of linesOf(result)) console.log(line);
  assert.deepEqual(complaintsOf(result, options), []);
  assert.ok(result.edited > 20 && result.deleted > 10, "there was no churn");
  assert.ok(result.books.due > 100 && result.evenScrapes > 3, "there was no load");
});
