import assert from "node:assert/strict";
import { ApiError } from "../../src/kube/errors.ts";
import { ObservationStore } from "../../src/write/observation_store.ts";
import { MemoryObservations } from "../support/memory_observations.ts";
import { observationOf } from "../support/observation_of.ts";

const never = new AbortController().signal;

function filled(...names: readonly string[]): MemoryObservations {
  const api = new MemoryObservations();
  for (const name of names) api.put(observationOf(name));
  return api;
}

Deno.test("All with these labels are listed, page by page, everywhere or in some namespaces", async () => {
  const api = filled("a", "b", "c", "d", "e");
  api.put(observationOf("other", { ingester: "other" }));
  const labels = { "zen.kube-zen.io/ingester": "zen.trivy" };
  const names = async (namespaces: readonly string[] | undefined): Promise<string[]> => {
    const found: string[] = [];
    for await (const { metadata } of new ObservationStore(api, namespaces).list(labels, never)) {
      found.push(metadata.name);
    }
    return found;
  };
  assert.deepEqual(await names(undefined), ["a", "b", "c", "d", "e"]);
  assert.deepEqual(await names(["z", "a"]), ["a", "b", "c", "d", "e"]);
  assert.deepEqual(await names(["z"]), []);
  assert.match(
    String(api.requests[0]?.query?.["labelSelector"]),
    /^app\.kubernetes\.io\/managed-by=zen-watcher,/,
  );
});

Deno.test("Where there is none at all nothing is counted, though the API server says null", async () => {
  const api = {
    request: <T>(): Promise<T> => Promise.resolve({ metadata: {}, items: null } as T),
    stream: () => Promise.reject(new Error("no streams here")),
  };
  const store = new ObservationStore(api, undefined);
  assert.equal((await store.tally("zen.kube-zen.io/ingester", () => {}, never)).size, 0);
});

Deno.test("They are counted by a label, and by their metadata alone", async () => {
  const api = filled("a", "b", "c");
  api.put(observationOf("d", { ingester: "other" }));
  const begun: number[] = [];
  const begin = (): void => void begun.push(api.requests.length);
  const counts = async (namespaces: readonly string[] | undefined): Promise<object> =>
    Object.fromEntries(
      await new ObservationStore(api, namespaces).tally("zen.kube-zen.io/ingester", begin, never),
    );
  assert.deepEqual(await counts(undefined), { "zen.trivy": 3, "zen.other": 1 });
  assert.deepEqual(begun, [1], "what is created after the first page is not counted");
  assert.deepEqual(await counts(["z"]), {});
  assert.ok(api.requests.every(({ isMetadataOnly }) => isMetadataOnly === true));
});

Deno.test("One that is not there is undefined, any other failure is thrown", async () => {
  const api = filled("a");
  const store = new ObservationStore(api, undefined);
  assert.equal((await store.get({ namespace: "a", name: "a" }, never))?.spec.title, "a");
  assert.equal(await store.get({ namespace: "a", name: "none" }, never), undefined);
  api.before = () => {
    throw new ApiError("away", { code: 503 });
  };
  await assert.rejects(store.get({ namespace: "a", name: "a" }, never), /away/);
});

Deno.test("A change names the version that it changes", async () => {
  const api = filled("a");
  const store = new ObservationStore(api, undefined);
  const ref = { namespace: "a", name: "a" };
  const before = await store.get(ref, never);
  const resourceVersion = before?.metadata.resourceVersion;
  await store.patch(ref, { metadata: { resourceVersion }, status: { count: 2 } }, "status", never);
  assert.equal((await store.get(ref, never))?.status?.count, 2);
  await assert.rejects(
    store.patch(ref, { metadata: { resourceVersion }, spec: { title: "b" } }, undefined, never),
    (error: ApiError) => error.kind === "conflict",
  );
});
