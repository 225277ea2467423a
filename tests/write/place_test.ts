import assert from "node:assert/strict";
import { place, type PlaceSettings } from "../../src/write/place.ts";

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
