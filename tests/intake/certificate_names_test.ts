import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readCertificateNames } from "../../src/intake/certificate_names.ts";
import { createCertificateAuthority } from "../control_plane/certificates.ts";
import { element, explicit, objectIdentifier, octetString, sequence, setOf } from "../control_plane/der.ts";

const encoder = new TextEncoder();

/** The parts of a certificate that are read, around a subject and alternative names. */
function certificate(subject: readonly Uint8Array[], names: readonly Uint8Array[] = []): Uint8Array {
  const filler = sequence();
  const extension = sequence(objectIdentifier("2.5.29.17"), octetString(sequence(...names)));
  return new Uint8Array(sequence(
    sequence(
      explicit(0, filler),
      filler,
      filler,
      filler,
      filler,
      sequence(...subject),
      filler,
      explicit(3, sequence(extension)),
    ),
    filler,
  ));
}

const part = (type: string, value: string, tag = 0x0c): Uint8Array =>
  setOf(sequence(objectIdentifier(type), element(tag, encoder.encode(value))));

const subjects: readonly (readonly [parts: readonly Uint8Array[], subject: string])[] = [
  [[], ""],
  [
    [part("2.5.4.6", "DE", 0x13), part("2.5.4.10", "security"), part("2.5.4.3", "falco")],
    "CN=falco,O=security,C=DE",
  ],
  [[part("2.5.4.3", "a,O=b")], "CN=a\\,O=b"],
  [[part("2.5.4.3", "a\nO=b")], "CN=a\\0aO=b"],
  [[part("2.5.4.3", "a\0")], "CN=a\\00"],
  [[part("2.5.4.3", ' #a+b\\c"d<e>f;g ')], 'CN=\\ #a\\+b\\\\c\\"d\\<e\\>f\\;g\\ '],
  [[part("2.5.4.3", "#a")], "CN=\\#a"],
  [[part("2.5.4.3", "Müller")], "CN=Müller"],
  [[part("0.9.2342.19200300.100.1.25", "example", 0x16)], "DC=example"],
  [[part("1.2.840.113549.1.9.1", "a@b", 0x16)], "emailAddress=a@b"],
  [[part("2.5.4.99", "x")], "2.5.4.99=x"],
  [[part("2.5.4.3", "x", 0x04)], "CN=#040178"],
];

for (const [parts, subject] of subjects) {
  Deno.test(`a subject is ${JSON.stringify(subject)}`, () => {
    assert.equal(readCertificateNames(certificate(parts)).subject, subject);
  });
}

Deno.test("parts that belong together are joined", () => {
  const both = element(
    0x31,
    sequence(objectIdentifier("2.5.4.10"), element(0x0c, encoder.encode("o"))),
    sequence(objectIdentifier("2.5.4.3"), element(0x0c, encoder.encode("c"))),
  );
  assert.equal(readCertificateNames(certificate([both])).subject, "O=o+CN=c");
});

Deno.test("alternative names are read by their kind, and others left out", () => {
  const names = [
    element(0x82, encoder.encode("a.example, DNS:b.example")),
    element(0x86, encoder.encode("spiffe://cluster/ns/falco")),
    element(0x81, encoder.encode("a@b.example")),
    element(0x87, Uint8Array.of(10, 0, 0, 1)),
    element(0x87, Uint8Array.from({ length: 16 }, (_, index) => index === 15 ? 1 : 0)),
    element(0xa0, objectIdentifier("1.2.3")),
  ];
  assert.deepEqual(readCertificateNames(certificate([], names)).alternativeNames, [
    { kind: "dns", value: "a.example, DNS:b.example" },
    { kind: "uri", value: "spiffe://cluster/ns/falco" },
    { kind: "email", value: "a@b.example" },
    { kind: "ip", value: "10.0.0.1" },
    { kind: "ip", value: "0000:0000:0000:0000:0000:0000:0000:0001" },
  ]);
});

Deno.test("a certificate that an authority issued is read as node reads it", () => {
  const issued = createCertificateAuthority("clients").issue({
    usage: "client",
    commonName: "falco",
    organizations: ["security", "tools"],
    dnsNames: ["falco.example"],
    addresses: ["10.0.0.1"],
  });
  const parsed = new X509Certificate(issued.certificate);
  const names = readCertificateNames(new Uint8Array(parsed.raw));
  assert.equal(names.subject, "CN=falco,O=tools,O=security");
  assert.deepEqual(names.subject.split(",").reverse(), parsed.subject.split("\n"));
  assert.deepEqual(names.alternativeNames, [{ kind: "dns", value: "falco.example" }, {
    kind: "ip",
    value: "10.0.0.1",
  }]);
});

Deno.test("what is no certificate is refused, whatever is cut off or changed", () => {
  const good = certificate([part("2.5.4.3", "falco")], [element(0x82, encoder.encode("a"))]);
  const outcomes = new Set<string>();
  const read = (bytes: Uint8Array): void => {
    try {
      readCertificateNames(bytes);
      outcomes.add("read");
    } catch (error) {
      assert.ok(error instanceof RangeError && /X\.509 in DER/.test(error.message), String(error));
      outcomes.add("refused");
    }
  };
  for (let length = 0; length < good.length; length++) read(good.subarray(0, length));
  assert.deepEqual([...outcomes], ["refused"]);
  for (let at = 0; at < good.length; at++) {
    for (const value of [0x00, 0x30, 0x7f, 0x80, 0x84, 0xff]) {
      const changed = good.slice();
      changed[at] = value;
      read(changed);
    }
  }
  assert.ok(outcomes.has("read"));
});
