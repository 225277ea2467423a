import { Buffer } from "node:buffer";
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import {
  bitString,
  type Der,
  explicit,
  implicit,
  objectIdentifier,
  octetString,
  sequence,
  setOf,
  time,
  unsignedInteger,
  utf8String,
  yes,
} from "./der.ts";

/** A certificate and its key, both in PEM. */
export interface Certified {
  readonly certificate: string;
  readonly key: string;
}

/** What a certificate says about its owner, and what it is good for. */
export interface CertificateRequest {
  readonly usage: "server" | "client";
  /** For a client: the name of the user. */
  readonly commonName: string;
  /** For a client: the groups of the user. */
  readonly organizations?: readonly string[] | undefined;
  /** For a server: the names under which it is reached. */
  readonly dnsNames?: readonly string[] | undefined;
  /** For a server: the IPv4 addresses under which it is reached. */
  readonly addresses?: readonly string[] | undefined;
}

/** An authority that lives as long as the test, whose key nobody else has. */
export interface CertificateAuthority {
  /** Its own certificate, in PEM. */
  readonly certificate: string;
  /** Makes a key and certifies it. */
  issue(request: CertificateRequest): Certified;
}

const OID = {
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAlternativeName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  server: "1.3.6.1.5.5.7.3.1",
  client: "1.3.6.1.5.5.7.3.2",
} as const;
/** Bits of KeyUsage, with the number of those that are not used. */
const KEY_USAGE = {
  digitalSignature: [Uint8Array.of(0b1000_0000), 7],
  signCertificates: [Uint8Array.of(0b0000_0110), 1],
} as const;
const HOUR = 3_600_000;
const VALID_FOR = 365 * 24 * HOUR;

/**
 * Makes an authority and its certificate: X.509 version 3 (RFC 5280), ECDSA with SHA-256 on P-256, valid from an hour ago
 * for a year.
 *
 * @param now milliseconds since 1970
 */
export function createCertificateAuthority(
  commonName: string,
  now: number = Date.now(),
): CertificateAuthority {
  const issuer = { name: name(commonName, []), keys: keyPair() };
  const certificate = certify(issuer, issuer.name, issuer.keys.publicKey, now, [
    extension(OID.basicConstraints, sequence(yes()), "critical"),
    extension(OID.keyUsage, bitString(...KEY_USAGE.signCertificates), "critical"),
  ]);
  return {
    certificate,
    issue(request) {
      const keys = keyPair();
      const alternatives = alternativeNames(request);
      const subject = name(request.commonName, request.organizations ?? []);
      return {
        certificate: certify(issuer, subject, keys.publicKey, now, [
          extension(OID.basicConstraints, sequence(), "critical"),
          extension(OID.keyUsage, bitString(...KEY_USAGE.digitalSignature), "critical"),
          extension(OID.extendedKeyUsage, sequence(objectIdentifier(OID[request.usage]))),
          ...(alternatives.length === 0
            ? []
            : [extension(OID.subjectAlternativeName, sequence(...alternatives))]),
        ]),
        key: keys.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      };
    },
  };
}

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

interface Issuer {
  readonly name: Der;
  readonly keys: KeyPair;
}

function keyPair(): KeyPair {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

function certify(
  issuer: Issuer,
  subject: Der,
  publicKey: KeyObject,
  now: number,
  extensions: readonly Der[],
): string {
  const algorithm = sequence(objectIdentifier(OID.ecdsaWithSha256));
  const content = sequence(
    explicit(0, unsignedInteger(Uint8Array.of(2))),
    unsignedInteger(randomBytes(16)),
    algorithm,
    issuer.name,
    sequence(time(new Date(now - HOUR)), time(new Date(now + VALID_FOR))),
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    explicit(
      3,
      sequence(
        ...extensions,
        extension(OID.subjectKeyIdentifier, octetString(keyIdentifier(publicKey))),
        extension(OID.authorityKeyIdentifier, sequence(implicit(0, keyIdentifier(issuer.keys.publicKey)))),
      ),
    ),
  );
  const signature = sign("sha256", content, { key: issuer.keys.privateKey, dsaEncoding: "der" });
  const base64 = Buffer.from(sequence(content, algorithm, bitString(signature))).toString("base64");
  const lines = base64.match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

function name(commonName: string, organizations: readonly string[]): Der {
  const part = (type: string, value: string): Der =>
    setOf(sequence(objectIdentifier(type), utf8String(value)));
  return sequence(
    ...organizations.map((organization) => part(OID.organization, organization)),
    part(OID.commonName, commonName),
  );
}

function extension(type: string, value: Der, criticality?: "critical"): Der {
  return sequence(
    objectIdentifier(type),
    ...(criticality === undefined ? [] : [yes()]),
    octetString(value),
  );
}

function alternativeNames({ dnsNames = [], addresses = [] }: CertificateRequest): readonly Der[] {
  return [
    ...dnsNames.map((dnsName) => implicit(2, new TextEncoder().encode(dnsName))),
    ...addresses.map((address) => implicit(7, Uint8Array.from(address.split(".").map(Number)))),
  ];
}

/** The leftmost 160 bits of the key's SHA-256 (RFC 7093, method 1); of a P-256 key only its point, 65 bytes, counts. */
function keyIdentifier(publicKey: KeyObject): Uint8Array {
  const point = publicKey.export({ type: "spki", format: "der" }).subarray(-65);
  return createHash("sha256").update(point).digest().subarray(0, 20);
}
