import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { createServer } from "node:https";
import type { TLSSocket } from "node:tls";
import { createCertificateAuthority } from "./certificates.ts";

const NOW = Date.UTC(2026, 0, 2, 12);
const SERVER = {
  usage: "server",
  commonName: "kube-apiserver",
  dnsNames: ["localhost", "kubernetes.default.svc"],
  addresses: ["127.0.0.1", "10.0.0.1"],
} as const;
const CLIENT = { usage: "client", commonName: "ada", organizations: ["dev", "system:masters"] } as const;

Deno.test("an authority certifies itself, and says that it may certify others", () => {
  const certificate = new X509Certificate(createCertificateAuthority("test-ca", NOW).certificate);
  assert.equal(certificate.subject, "CN=test-ca");
  assert.equal(certificate.ca, true);
  assert.ok(certificate.checkIssued(certificate));
  assert.ok(certificate.verify(certificate.publicKey));
});

Deno.test("a certificate is of its authority and no other, goes with its key and carries its names", () => {
  const authority = createCertificateAuthority("test-ca", NOW);
  const { certificate, key } = authority.issue(SERVER);
  const parsed = new X509Certificate(certificate);
  const issuer = new X509Certificate(authority.certificate);
  const stranger = new X509Certificate(createCertificateAuthority("test-ca", NOW).certificate);
  assert.equal(parsed.issuer, "CN=test-ca");
  assert.equal(parsed.subject, "CN=kube-apiserver");
  assert.equal(parsed.ca, false);
  assert.ok(parsed.verify(issuer.publicKey));
  assert.ok(!parsed.verify(stranger.publicKey));
  assert.ok(parsed.checkPrivateKey(createPrivateKey(key)));
  assert.equal(
    parsed.subjectAltName,
    "DNS:localhost, DNS:kubernetes.default.svc, IP Address:127.0.0.1, IP Address:10.0.0.1",
  );
  assert.equal(new Date(parsed.validFrom).getTime(), NOW - 3_600_000);
  assert.equal(new Date(parsed.validTo).getTime(), NOW + 365 * 24 * 3_600_000);
});

Deno.test("a client's certificate names the user and the groups", () => {
  const { certificate } = createCertificateAuthority("test-ca", NOW).issue(CLIENT);
  assert.equal(new X509Certificate(certificate).subject, "O=dev\nO=system:masters\nCN=ada");
});

Deno.test("no two certificates have one serial number or one key", () => {
  const authority = createCertificateAuthority("test-ca", NOW);
  const [one, other] = [authority.issue(CLIENT), authority.issue(CLIENT)];
  assert.notEqual(
    new X509Certificate(one.certificate).serialNumber,
    new X509Certificate(other.certificate).serialNumber,
  );
  assert.notEqual(one.key, other.key);
});

Deno.test("TLS takes a server's certificate and a client's, each for what it is good for", async (test) => {
  const authority = createCertificateAuthority("test-ca");
  const server = authority.issue(SERVER);
  const options = { cert: server.certificate, key: server.key, ca: authority.certificate };
  const listener = createServer(
    { ...options, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      response.end((request.socket as TLSSocket).getPeerCertificate().subject.CN);
    },
  );
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const address = listener.address();
  assert.ok(typeof address === "object" && address !== null);

  const ask = async (host: string, { certificate, key } = authority.issue(CLIENT)): Promise<string> => {
    using client = Deno.createHttpClient({
      caCerts: [authority.certificate],
      cert: certificate,
      key,
      http2: false,
      poolMaxIdlePerHost: 0,
    });
    const response = await fetch(`https://${host}:${address.port}/`, { client });
    return await response.text();
  };
  await test.step("under each of its names and addresses", async () => {
    assert.equal(await ask("127.0.0.1"), "ada");
    assert.equal(await ask("localhost"), "ada");
  });
  await test.step("not a client of another authority", async () => {
    await assert.rejects(ask("127.0.0.1", createCertificateAuthority("test-ca").issue(CLIENT)), TypeError);
  });
  await test.step("not a server's certificate as a client's", async () => {
    await assert.rejects(ask("127.0.0.1", authority.issue(SERVER)), TypeError);
  });
  await new Promise((resolve) => listener.close(resolve));
});
