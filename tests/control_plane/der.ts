import { Buffer } from "node:buffer";

/** Encoded elements of DER (X.690), from which larger ones are made. */
export type Der = Uint8Array;

/** Tag numbers of X.680, with the bit for constructed ones where it is always set. */
const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Tag, length and content. */
export function element(tag: number, ...contents: readonly Der[]): Der {
  const content = Buffer.concat(contents);
  return Buffer.concat([Uint8Array.of(tag, ...lengthOf(content.length)), content]);
}

/** SEQUENCE. */
export function sequence(...contents: readonly Der[]): Der {
  return element(TAG.sequence, ...contents);
}

/** SET of one element, whose order does not matter. */
export function setOf(content: Der): Der {
  return element(TAG.set, content);
}

/** BOOLEAN TRUE; false is the default everywhere and is left out. */
export function yes(): Der {
  return element(TAG.boolean, Uint8Array.of(0xff));
}

/** INTEGER of an unsigned number, the most significant byte first. */
export function unsignedInteger(bytes: Uint8Array): Der {
  const start = bytes.findIndex((byte) => byte !== 0);
  const digits = start === -1 ? Uint8Array.of(0) : bytes.subarray(start);
  const isNegative = ((digits[0] ?? 0) & 0x80) !== 0;
  return element(TAG.integer, ...(isNegative ? [Uint8Array.of(0)] : []), digits);
}

/** BIT STRING; the last `unused` bits do not count. */
export function bitString(bytes: Uint8Array, unused = 0): Der {
  return element(TAG.bitString, Uint8Array.of(unused), bytes);
}

/** OCTET STRING. */
export function octetString(bytes: Uint8Array): Der {
  return element(TAG.octetString, bytes);
}

/** OBJECT IDENTIFIER, from its dotted form. */
export function objectIdentifier(dotted: string): Der {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [40 * first + second, ...rest].flatMap((arc) => {
    const digits = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80);
    return digits;
  });
  return element(TAG.objectIdentifier, Uint8Array.from(bytes));
}

/** UTF8String. */
export function utf8String(text: string): Der {
  return element(TAG.utf8String, new TextEncoder().encode(text));
}

/** Time as X.509 wants it: UTCTime up to 2049, GeneralizedTime from then on (RFC 5280, 4.1.2.5). */
export function time(when: Date): Der {
  const digits = when.toISOString().replace(/\.\d+/, "").replace(/[-:T]/g, "");
  return when.getUTCFullYear() < 2050
    ? element(TAG.utcTime, new TextEncoder().encode(digits.slice(2)))
    : element(TAG.generalizedTime, new TextEncoder().encode(digits));
}

/** A context-specific tag around encoded elements. */
export function explicit(number: number, content: Der): Der {
  return element(0xa0 | number, content);
}

/** A context-specific tag in the place of the element's own. */
export function implicit(number: number, bytes: Uint8Array): Der {
  return element(0x80 | number, bytes);
}

function lengthOf(length: number): readonly number[] {
  if (length < 0x80) return [length];
  const digits: number[] = [];
  for (let left = length; left > 0; left >>= 8) digits.unshift(left & 0xff);
  return [0x80 | digits.length, ...digits];
}
