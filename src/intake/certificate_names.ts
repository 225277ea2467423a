/** One alternative name of a certificate. */
export interface AlternativeName {
  readonly kind: "dns" | "uri" | "email" | "ip";
  readonly value: string;
}

/** Whom a certificate names. */
export interface CertificateNames {
  /** As RFC 4514 writes it, the last part first: `CN=falco,O=security`. */
  readonly subject: string;
  readonly alternativeNames: readonly AlternativeName[];
}

interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
  /** With tag and length. */
  readonly whole: Uint8Array;
}

const TAG = { sequence: 0x30, set: 0x31, oid: 0x06, octets: 0x04, version: 0xa0, extensions: 0xa3 } as const;
/** Attribute types: RFC 4514, section 3, and two that are common. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.5": "serialNumber",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "STREET",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "0.9.2342.19200300.100.1.25": "DC",
  "0.9.2342.19200300.100.1.1": "UID",
  "1.2.840.113549.1.9.1": "emailAddress",
};
const SUBJECT_ALTERNATIVE_NAME = "2.5.29.17";
/** GeneralName (RFC 5280, section 4.2.1.6). */
const NAME_KINDS: Readonly<Record<number, AlternativeName["kind"]>> = {
  0x81: "email",
  0x82: "dns",
  0x86: "uri",
  0x87: "ip",
};

/**
 * Reads the names of an X.509 certificate from its DER, since in printed forms a value may look like several.
 *
 * @throws RangeError when it is no certificate
 */
export function readCertificateNames(der: Uint8Array): CertificateNames {
  const [certificate] = elements(der);
  const [content] = elements(contentOf(certificate, TAG.sequence));
  const fields = elements(contentOf(content, TAG.sequence));
  // version, serial number, algorithm, issuer, validity, subject (RFC 5280, section 4.1); the first may be left out.
  const subject = fields[fields[0]?.tag === TAG.version ? 5 : 4];
  const extensions = fields.find(({ tag }) => tag === TAG.extensions);
  return {
    subject: subjectOf(contentOf(subject, TAG.sequence)),
    alternativeNames: extensions === undefined ? [] : alternativeNamesIn(extensions.content),
  };
}

function subjectOf(name: Uint8Array): string {
  return elements(name).reverse().map((part) =>
    elements(contentOf(part, TAG.set)).map(({ content }) => {
      const [type, value] = elements(content);
      const oid = dotted(contentOf(type, TAG.oid));
      const text = value === undefined ? undefined : textOf(value);
      const written = text === undefined ? `#${hexOf(value?.whole ?? new Uint8Array())}` : escaped(text);
      return `${SHORT_NAMES[oid] ?? oid}=${written}`;
    }).join("+")
  ).join(",");
}

function alternativeNamesIn(extensions: Uint8Array): readonly AlternativeName[] {
  const [list] = elements(extensions);
  for (const { content } of elements(contentOf(list, TAG.sequence))) {
    const parts = elements(content);
    if (dotted(contentOf(parts[0], TAG.oid)) !== SUBJECT_ALTERNATIVE_NAME) continue;
    const [names] = elements(contentOf(parts.at(-1), TAG.octets));
    return elements(contentOf(names, TAG.sequence)).flatMap(({ tag, content }) => {
      const kind = NAME_KINDS[tag];
      if (kind === undefined) return [];
      return [{ kind, value: kind === "ip" ? addressOf(content) : latin1(content) }];
    });
  }
  return [];
}

/** What the strings of a directory name hold (RFC 5280, section 4.1.2.4); undefined for any other value. */
function textOf({ tag, content }: Element): string | undefined {
  switch (tag) {
    case 0x0c:
      return new TextDecoder().decode(content);
    case 0x13:
    case 0x14:
    case 0x16:
      return latin1(content);
    case 0x1e:
      return new TextDecoder("utf-16be").decode(content);
    default:
      return undefined;
  }
}

/** RFC 4514, section 2.4. */
function escaped(text: string): string {
  return text
    .replace(/[,+"\\<>;]|^[ #]| $/g, "\\$&")
    // deno-lint-ignore no-control-regex -- they are what must not stand in it
    .replace(/[\x00-\x1f\x7f]/g, (character) => `\\${hexOf(Uint8Array.of(character.charCodeAt(0)))}`);
}

/** An OBJECT IDENTIFIER (X.690, section 8.19). */
function dotted(bytes: Uint8Array): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of bytes) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    if (arcs.length === 0) {
      arcs.push(Math.min(2, Math.floor(arc / 40)), arc - 40 * Math.min(2, Math.floor(arc / 40)));
    } else arcs.push(arc);
    arc = 0;
  }
  return arcs.join(".");
}

function addressOf(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  return hexOf(bytes).replace(/.{4}(?!$)/g, "$&:");
}

function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function contentOf(element: Element | undefined, tag: number): Uint8Array {
  if (element?.tag !== tag) throw malformed();
  return element.content;
}

/** The elements that stand one after the other (X.690, section 8.1). */
function elements(bytes: Uint8Array): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at] ?? 0;
    let length = bytes[at + 1] ?? 0;
    let start = at + 2;
    if (length >= 0x80) {
      const digits = bytes.subarray(start, start + (length & 0x7f));
      if (digits.length === 0 || digits.length > 4) throw malformed();
      length = digits.reduce((sum, digit) => sum * 256 + digit, 0);
      start += digits.length;
    }
    const end = start + length;
    if (end > bytes.length) throw malformed();
    found.push({ tag, content: bytes.subarray(start, end), whole: bytes.subarray(at, end) });
    at = end;
  }
  return found;
}

function malformed(): RangeError {
  return new RangeError("Cannot read a certificate: it must be X.509 in DER");
}
