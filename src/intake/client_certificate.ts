import { isIP } from "node:net";
import { isSameAddress } from "../model/ip_ranges.ts";
import { type AlternativeName, type CertificateNames, readCertificateNames } from "./certificate_names.ts";

/** Whom auth mtls lets in; a list that is missing or empty asks for nothing. */
export interface AllowedCertificates {
  /** Whole subjects as RFC 4514 writes them. */
  readonly allowedSubjects?: readonly string[] | undefined;
  /** DNS names, URIs, e-mail addresses and IP addresses; `DNS:` and the like may stand before them. */
  readonly allowedSANs?: readonly string[] | undefined;
}

const PREFIXES: Readonly<Record<string, AlternativeName["kind"]>> = {
  "dns": "dns",
  "uri": "uri",
  "email": "email",
  "ip": "ip",
  "ip address": "ip",
};

/** True when a certificate (DER) that a trusted authority signed has a name of each list that is given. */
export function isAllowed(
  certificate: Uint8Array,
  { allowedSubjects = [], allowedSANs = [] }: AllowedCertificates,
): boolean {
  let names: CertificateNames;
  try {
    names = readCertificateNames(certificate);
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
  const hasSubject = allowedSubjects.length === 0 || allowedSubjects.includes(names.subject);
  const hasName = allowedSANs.length === 0 ||
    allowedSANs.map(alternativeName).some((allowed) =>
      names.alternativeNames.some((name) => isSame(allowed, name))
    );
  return hasSubject && hasName;
}

/** What an entry of allowedSANs stands for; without a prefix its form says which kind it is. */
function alternativeName(entry: string): AlternativeName {
  const [, prefix = "", rest = ""] = /^(dns|uri|email|ip|ip address):(.*)$/i.exec(entry) ?? [];
  const kind = PREFIXES[prefix.toLowerCase()];
  if (kind !== undefined) return { kind, value: rest };
  if (isIP(entry) !== 0) return { kind: "ip", value: entry };
  if (entry.includes("://")) return { kind: "uri", value: entry };
  return { kind: entry.includes("@") ? "email" : "dns", value: entry };
}

function isSame(allowed: AlternativeName, given: AlternativeName): boolean {
  if (allowed.kind !== given.kind) return false;
  switch (given.kind) {
    case "ip":
      return isSameAddress(allowed.value, given.value);
    case "dns":
      return allowed.value.toLowerCase() === given.value.toLowerCase();
    case "uri":
    case "email":
      return allowed.value === given.value;
    default:
      return given.kind satisfies never;
  }
}
