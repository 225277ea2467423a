import assert from "node:assert/strict";
import { place, type PlaceSettings, placesOf } from "../../src/write/place.ts";

const settings: PlaceSettings = { podNamespace: "zen", watchNamespaces: [], observationNamespace: undefined };

Deno.test("Where an Observation goes is one table", () => {
  const cases: readonly [string, string | undefined, string, string[], Partial<PlaceSettings>, string][] = [
    ["resource's namespace", "shop", "zen", [], {}, "shop"],
    ["no namespace", undefined, "zen", [], {}, "zen"],
    ["no DNS label", "Shop_1", "zen", [], {}, "zen"],
    ["within spec.namespaces", "shop", "zen", ["shop"], {}, "shop"],
    ["outside spec.namespaces", "shop", "zen", ["bank"], {}, "zen"],
    ["within WATCH_NAMESPACE", "shop", "zen", [], { watchNamespaces: ["shop"] }, "shop"],
    ["outside WATCH_NAMESPACE", "shop", "zen", [], { watchNamespaces: ["bank"] }, "zen"],
    ["Ingester of a tenant", "shop", "team-a", [], {}, "team-a"],
    ["OBSERVATION_NAMESPACE", "shop", "team-a", [], { observationNamespace: "all" }, "all"],
  ];
  for (const [what, resource, ingester, namespaces, own, expected] of cases) {
    assert.equal(place(resource, ingester, namespaces, { ...settings, ...own }), expected, what);
  }
});

Deno.test("Wherever an Observation can go is looked into, and nowhere else", () => {
  const scopes: readonly (readonly string[] | undefined)[] = [["zen"], ["zen", "shop"], ["zen", "team-a"], [
    "team-a",
    "team-b",
  ], undefined];
  for (const watchNamespaces of [[], ["shop"], ["shop", "bank"]]) {
    for (const observationNamespace of [undefined, "all"]) {
      for (const scope of scopes) {
        const own = { podNamespace: "zen", watchNamespaces, observationNamespace };
        const places = placesOf(own, scope);
        const reached = new Set(["zen"]);
        for (const resource of [undefined, "zen", "shop", "bank", "elsewhere"]) {
          for (const ingester of scope ?? ["zen", "team-a", "anybody"]) {
            for (const namespaces of [[], ["shop"]]) reached.add(place(resource, ingester, namespaces, own));
          }
        }
        const what = JSON.stringify([own, scope]);
        // Where everything may be read, or anybody may be an Ingester's owner, there is no list.
        const isAnywhere = observationNamespace === undefined &&
          (watchNamespaces.length === 0 || scope === undefined);
        assert.equal(places === undefined, isAnywhere, what);
        for (const namespace of reached) assert.ok(places?.includes(namespace) !== false, what);
        const allowed = ["zen", ...watchNamespaces, ...(scope ?? []), observationNamespace];
        for (const namespace of places ?? []) assert.ok(allowed.includes(namespace), what);
      }
    }
  }
});
