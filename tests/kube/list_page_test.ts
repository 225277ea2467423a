import assert from "node:assert/strict";
import { FIRST_PAGE, listPage } from "../../src/kube/list_page.ts";
import type { Watched } from "../../src/kube/watcher_stream.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { type Answer, failure, page, ScriptedApi } from "../support/scripted_api.ts";

const never = new AbortController().signal;
const watchedOf = (answer: Answer): Watched & { readonly api: ScriptedApi } => ({
  path: "/api/v1/events",
  selectors: { labelSelector: "a=b" },
  hasBookmarks: false,
  api: new ScriptedApi([answer]),
  clock: new FakeClock(),
});
const weighing = (bytes: number): Answer => ({
  kind: "json",
  value: {
    metadata: { resourceVersion: "9", continue: "more" },
    items: Array.from({ length: 50 }, (_, n) => ({ metadata: { name: `n${n}` }, data: "x".repeat(bytes) })),
  },
});

Deno.test("The next page has as many objects as weigh 4 MiB, from 1 to 500", async () => {
  for (
    const [bytes, least, most] of [[10, 500, 500], [20_000, 200, 210], [5_000_000 / 4, 3, 3], [
      9e6,
      1,
      1,
    ]] as const
  ) {
    const asked = await listPage(watchedOf(weighing(bytes)), FIRST_PAGE, never);
    assert.ok(asked.kind === "page");
    const { limit, continueToken } = asked.next;
    assert.ok(limit >= least && limit <= most, `${limit} of ${bytes} bytes`);
    assert.equal(continueToken, "more");
  }
});

Deno.test("A page that is too large is asked for with a quarter of its objects, and one alone is a failure", async () => {
  const asked = { continueToken: "more", limit: 50 };
  assert.deepEqual(await listPage(watchedOf(failure(413)), asked, never), {
    kind: "too-large",
    smaller: { continueToken: "more", limit: 13 },
  });
  await assert.rejects(listPage(watchedOf(failure(413)), { limit: 1 }, never), /refused/);
});

Deno.test("The last page says where the list stands, and leaves out what is no object", async () => {
  const watched = watchedOf(page(["a"], "12"));
  const last = await listPage(watched, FIRST_PAGE, never);
  assert.ok(last.kind === "last");
  assert.deepEqual([last.resourceVersion, last.objects.map(({ metadata }) => metadata.name)], ["12", ["a"]]);
  assert.deepEqual(watched.api.requests[0]?.query, { labelSelector: "a=b", limit: 50, continue: undefined });
  const odd: Answer = { kind: "json", value: { metadata: {}, items: [null, 1, { metadata: {} }] } };
  assert.deepEqual(await listPage(watchedOf(odd), FIRST_PAGE, never), {
    kind: "last",
    objects: [],
    resourceVersion: "0",
  });
});

Deno.test("An answer that is no list is said to be none", async () => {
  for (const value of [null, {}, { items: [] }, { items: {}, metadata: {} }]) {
    const asked = await listPage(watchedOf({ kind: "json", value }), FIRST_PAGE, never);
    assert.ok(asked.kind === "malformed");
    assert.equal(asked.error.message, "Cannot list /api/v1/events: no items");
  }
});
