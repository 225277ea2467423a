import assert from "node:assert/strict";
import {
  compileDestinations,
  gvrText,
  isForbidden,
  isObservations,
  parseGvr,
} from "../../src/write/destination.ts";
import type { GroupVersionResource } from "../../src/model/ingester.ts";

const gvr = (text: string): GroupVersionResource => {
  const [group = "", version = "", resource = ""] = text.split("/");
  return { group, version, resource };
};

Deno.test("A resource is read from one word, and written as one", () => {
  for (const text of ["example.com/v1/alerts", "a.b-c.example.com/v1beta1/x"]) {
    const parsed = parseGvr(text);
    assert.equal(parsed === undefined ? undefined : gvrText(parsed), text);
  }
  for (const text of ["", "a", "a/b", "/v1/secrets", "a/b/c/d", "A.b/v1/c", "a.b/v1/c d", "a.b/v1./c"]) {
    assert.equal(parseGvr(text), undefined, text);
  }
});

Deno.test("What is Kubernetes' own, and our Ingesters, are never written, whatever the operator allows", () => {
  const cases: readonly [string, boolean][] = [
    ["/v1/secrets", true],
    ["/v1/pods", true],
    ["/v1/nodes", true],
    ["/v1/configmaps", true],
    ["apps/v1/deployments", true],
    ["batch/v1/cronjobs", true],
    ["policy/v1/poddisruptionbudgets", true],
    ["rbac.authorization.k8s.io/v1/clusterrolebindings", true],
    ["admissionregistration.k8s.io/v1/validatingwebhookconfigurations", true],
    ["apiextensions.k8s.io/v1/customresourcedefinitions", true],
    ["certificates.k8s.io/v1/certificatesigningrequests", true],
    ["authentication.k8s.io/v1/tokenreviews", true],
    ["zen.kube-zen.io/v1alpha1/ingesters", true],
    ["zen.kube-zen.io/v1alpha1/observations", false],
    ["wgpolicyk8s.io/v1alpha2/policyreports", false],
    ["example.com/v1/alerts", false],
  ];
  for (const [text, forbidden] of cases) {
    assert.equal(isForbidden(gvr(text)), forbidden, text);
    if (!forbidden || isObservations(gvr(text))) continue;
    const { destinations, problems } = compileDestinations([{ gvr: gvr(text) }], [gvr(text)]);
    assert.equal(destinations, undefined, text);
    assert.match(problems.join(), /must be a custom resource/, text);
  }
});

Deno.test("What an Ingester says of its destinations, as far as the operator allows it", () => {
  const alerts = gvr("example.com/v1/alerts");
  const observations = gvr("zen.kube-zen.io/v1alpha1/observations");
  type Spec = Parameters<typeof compileDestinations>[0];
  const cases: readonly [Spec, object | undefined, RegExp | undefined][] = [
    [undefined, undefined, undefined],
    [[], undefined, undefined],
    [[{}], undefined, undefined],
    [[{ value: "observations" }], undefined, undefined],
    [[{ gvr: observations }], undefined, undefined],
    [[{ gvr: alerts }], { areObservationsWritten: false, others: [alerts] }, undefined],
    [[{ gvr: alerts }, { gvr: alerts }, {}], { areObservationsWritten: true, others: [alerts] }, undefined],
    [[{ value: "events" }], undefined, /^spec\.destinations\[0\]\.value must be observations/],
    [
      [{}, { gvr: gvr("example.com/v2/alerts") }],
      undefined,
      /^spec\.destinations\[1\]\.gvr must be one that/,
    ],
    [[{ gvr: gvr("other.example.com/v1/alerts") }], undefined, /DESTINATION_ALLOWLIST/],
  ];
  for (const [spec, expected, problem] of cases) {
    const { destinations, problems } = compileDestinations(spec, [alerts]);
    assert.deepEqual(destinations, expected, JSON.stringify(spec));
    if (problem === undefined) assert.deepEqual(problems, []);
    else assert.match(problems.join("; "), problem);
  }
});
