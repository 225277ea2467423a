import assert from "node:assert/strict";
import type { Json, JsonObject } from "../../src/model/json.ts";
import { areCertificates } from "../../src/normalize/certificate.ts";
import { normalize, reviewAt } from "../../src/normalize/normalize.ts";
import { OPTIONS } from "./samples.ts";

const NOW = "2026-06-15T00:00:00Z";
const DAY = 24 * 60 * 60 * 1000;
const days = (count: number): string => new Date(Date.parse(NOW) + count * DAY).toISOString();
const ready = (status: string, more: JsonObject = {}): JsonObject => ({
  conditions: [{ type: "Issuing", status: "True" }, { type: "Ready", status, ...more }],
});
const certificate = (status: Json | undefined): JsonObject => ({
  apiVersion: "cert-manager.io/v1",
  kind: "Certificate",
  metadata: { name: "web", namespace: "team", creationTimestamp: "2026-01-01T00:00:00Z" },
  spec: { secretName: "web-tls", dnsNames: ["example.com"], issuerRef: { name: "ca", kind: "Issuer" } },
  ...(status === undefined ? {} : { status }),
});

function judge(status: Json | undefined, more: { now?: string; expiryWindowSeconds?: number } = {}) {
  const { now = NOW, ...options } = more;
  return normalize(
    { source: "cert-manager", payload: certificate(status), receivedAt: now },
    { ...OPTIONS, ...options },
  );
}

const eventTypes = (...given: Parameters<typeof judge>): readonly string[] =>
  judge(...given).map((item) =>
    item.kind === "finding" ? `${item.finding.eventType} ${item.finding.severity}` : item.kind
  );

Deno.test("A Certificate is judged by its condition, its end and its renewal", () => {
  const long = { notBefore: days(-60) };
  const cases: readonly [string, Json | undefined, readonly string[]][] = [
    ["well", { ...ready("True"), ...long, notAfter: days(30), renewalTime: days(1) }, []],
    ["not ready", { ...ready("False"), notAfter: days(30) }, ["certificate_not_ready high"]],
    ["unknown", ready("Unknown"), ["certificate_not_ready high"]],
    ["not looked at yet", undefined, ["certificate_not_ready high"]],
    ["without conditions", {}, ["certificate_not_ready high"]],
    ["7 days before its end", { ...ready("True"), notAfter: days(7) }, ["certificate_expiring high"]],
    ["a little earlier", { ...ready("True"), notAfter: days(7.01) }, []],
    ["renewal overdue for a day", { ...ready("True"), ...long, notAfter: days(30), renewalTime: days(-1) }, [
      "certificate_expiring high",
    ]],
    ["renewal due for less", { ...ready("True"), ...long, notAfter: days(30), renewalTime: days(-0.9) }, []],
    ["expired", { ...ready("True"), notAfter: NOW }, ["certificate_expired critical"]],
    ["expired and said so", { ...ready("False", { reason: "Expired" }), notAfter: days(-1) }, [
      "certificate_expired critical",
    ]],
    ["expired, and not ready for another reason", {
      ...ready("False", { reason: "DoesNotExist" }),
      notAfter: days(-1),
    }, ["certificate_not_ready high", "certificate_expired critical"]],
    // One that lives for a day is always within seven days of its end.
    ["short-lived and well", {
      ...ready("True"),
      notBefore: days(-0.5),
      notAfter: days(0.5),
      renewalTime: days(0.2),
    }, []],
    ["short-lived and overdue", {
      ...ready("True"),
      notBefore: days(-0.9),
      notAfter: days(0.1),
      renewalTime: days(-0.2),
    }, ["certificate_expiring high"]],
  ];
  for (const [name, status, expected] of cases) assert.deepEqual(eventTypes(status), expected, name);
});

Deno.test("The window can be set", () => {
  const status = { ...ready("True"), notAfter: days(10) };
  assert.deepEqual(eventTypes(status), []);
  assert.deepEqual(eventTypes(status, { expiryWindowSeconds: 14 * 86_400 }), ["certificate_expiring high"]);
});

Deno.test("A finding reads as a person would write it, and is the same each time it is judged", () => {
  const status = { ...ready("False", { reason: "Renewing", message: "M" }), notAfter: days(3) };
  const [notReady, expiring] = judge(status);
  assert.deepEqual(notReady, {
    kind: "finding",
    payload: certificate(status),
    finding: {
      eventType: "certificate_not_ready",
      severity: "high",
      title: "Certificate web is not ready: Renewing",
      description: "M",
      detectedAt: "2026-01-01T00:00:00Z",
      category: "operations",
      resource: { apiVersion: "cert-manager.io/v1", kind: "Certificate", name: "web", namespace: "team" },
      identity: ["team", "web", "certificate_not_ready"],
      isWindowed: false,
      isState: true,
      details: {
        reason: "Renewing",
        message: "M",
        secretName: "web-tls",
        issuerRef: { name: "ca", kind: "Issuer" },
        dnsNames: ["example.com"],
        notAfter: days(3),
      },
    },
  });
  assert.ok(expiring?.kind === "finding");
  assert.equal(expiring.finding.title, `Certificate web expires at ${days(3)}`);
  assert.equal(expiring.finding.detectedAt, days(-4));
  assert.deepEqual(judge(status, { now: days(1) }), judge(status));
});

Deno.test("It says when an unchanged Certificate is to be judged again", () => {
  const at = (status: Json): string | undefined => {
    const time = reviewAt({ source: "x", payload: certificate(status), receivedAt: NOW }, OPTIONS);
    return time === undefined ? undefined : new Date(time).toISOString();
  };
  assert.equal(at({ notAfter: days(30) }), days(23));
  assert.equal(at({ notAfter: days(30), renewalTime: days(2) }), days(3));
  assert.equal(at({ notAfter: days(5) }), days(5));
  assert.equal(at({ notAfter: days(-1) }), undefined);
  assert.equal(at({}), undefined);
  assert.equal(reviewAt({ source: "x", payload: { kind: "Pod" }, receivedAt: NOW }, OPTIONS), undefined);
  assert.equal(reviewAt({ source: "x", payload: null, receivedAt: NOW }, OPTIONS), undefined);
});

Deno.test("Wrong types are rejected, and so is what is no Certificate", () => {
  const cases: readonly Json[] = [
    "x",
    ["x"],
    { conditions: {} },
    { conditions: ["Ready"] },
    { notAfter: 7 },
    { ...ready("True"), renewalTime: "soon" },
  ];
  for (const status of cases) assert.deepEqual(eventTypes(status), ["rejected"], JSON.stringify(status));
  const [other] = normalize({
    source: "cert-manager",
    payload: { ...certificate({}), kind: "CertificateRequest" },
    receivedAt: NOW,
  }, OPTIONS);
  assert.equal(other?.kind, "rejected");
});

Deno.test("Only certificates of cert-manager.io mean something else as time goes by", () => {
  const cases: readonly [string, string, boolean][] = [
    ["cert-manager.io", "certificates", true],
    ["cert-manager.io", "certificaterequests", false],
    ["networking.internal.knative.dev", "certificates", false],
    ["", "certificates", false],
  ];
  for (const [group, resource, expected] of cases) {
    assert.equal(areCertificates({ group, resource }), expected, `${group}/${resource}`);
  }
});
