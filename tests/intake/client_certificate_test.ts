import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { type AllowedCertificates, isAllowed } from "../../src/intake/client_certificate.ts";
import { createCertificateAuthority } from "../control_plane/certificates.ts";

const issued = createCertificateAuthority("clients").issue({
  usage: "client",
  commonName: "falco",
  organizations: ["security"],
  dnsNames: ["Falco.example", "10.0.0.9"],
  addresses: ["10.0.0.1"],
});
const certificate = new Uint8Array(new X509Certificate(issued.certificate).raw);

const cases: readonly (readonly [AllowedCertificates, boolean])[] = [
  [{}, true],
  [{ allowedSubjects: [], allowedSANs: [] }, true],
  [{ allowedSubjects: ["CN=other", "CN=falco,O=security"] }, true],
  [{ allowedSubjects: ["CN=falco"] }, false],
  [{ allowedSubjects: ["O=security,CN=falco"] }, false],
  [{ allowedSubjects: ["CN=falco,O=security,"] }, false],
  [{ allowedSubjects: ["*"] }, false],
  [{ allowedSANs: ["falco.example"] }, true],
  [{ allowedSANs: ["DNS:falco.EXAMPLE"] }, true],
  [{ allowedSANs: ["*.example"] }, false],
  [{ allowedSANs: ["example"] }, false],
  [{ allowedSANs: ["10.0.0.1"] }, true],
  [{ allowedSANs: ["IP Address:10.0.0.1"] }, true],
  [{ allowedSANs: ["::ffff:10.0.0.1"] }, true],
  // A DNS name that looks like an address is none.
  [{ allowedSANs: ["10.0.0.9"] }, false],
  [{ allowedSANs: ["URI:falco.example"] }, false],
  [{ allowedSANs: ["spiffe://falco.example"] }, false],
  [{ allowedSANs: ["falco@example"] }, false],
  [{ allowedSubjects: ["CN=falco,O=security"], allowedSANs: ["10.0.0.1"] }, true],
  [{ allowedSubjects: ["CN=falco,O=security"], allowedSANs: ["10.0.0.2"] }, false],
  [{ allowedSubjects: ["CN=other"], allowedSANs: ["10.0.0.1"] }, false],
];

for (const [allowed, expected] of cases) {
  Deno.test(`${JSON.stringify(allowed)} lets it in: ${expected}`, () => {
    assert.equal(isAllowed(certificate, allowed), expected);
  });
}

Deno.test("what is no certificate is nobody", () => assert.ok(!isAllowed(Uint8Array.of(1, 2, 3), {})));
