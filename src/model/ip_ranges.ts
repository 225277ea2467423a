import { isIP } from "node:net";

/** A range of IP addresses; an IPv4-mapped IPv6 address counts as the IPv4 address that it carries. */
export interface IpRange {
  readonly bits: 32 | 128;
  /** How many low bits are free. */
  readonly freeBits: bigint;
  /** The address without its free bits. */
  readonly network: bigint;
}

interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

const MAPPED = 0xffffn;
const IPV4_BITS = 32n;
/** An IPv6 host has a network of so many bits at least to choose its address from. */
const IPV6_HOST_BITS = 64n;

/** Reads `10.0.0.0/8`, `fd00::/8`, or one address; undefined when it is none of these. */
export function parseIpRange(text: string): IpRange | undefined {
  const [, base = "", prefix] = /^([^/%]+)(?:\/([0-9]{1,3}))?$/.exec(text) ?? [];
  const family = isIP(base);
  const address = parseAddress(base);
  if (address === undefined) return undefined;
  const written = family === 6 ? 128 : 32;
  const length = prefix === undefined ? written : Number(prefix);
  // Of a mapped range only what is within the mapping is IPv4.
  const freeBits = written - length;
  if (freeBits < 0 || freeBits > address.bits) return undefined;
  const free = BigInt(freeBits);
  return { bits: address.bits, freeBits: free, network: address.value >> free };
}

/** True when the address lies in one of the ranges; what is no address lies in none. */
export function isWithin(text: string, ranges: readonly IpRange[]): boolean {
  const address = parseAddress(text);
  return address !== undefined &&
    ranges.some(({ bits, freeBits, network }) =>
      bits === address.bits && address.value >> freeBits === network
    );
}

/**
 * What stands for the host of an address: an IPv4 address itself, of an IPv6 address its first 64 bits, since a host may
 * choose the rest as it likes. Undefined for what is no address.
 */
export function hostOf(text: string): string | undefined {
  const address = parseAddress(text);
  if (address === undefined) return undefined;
  return address.bits === 32
    ? `4:${address.value.toString(16)}`
    : `6:${(address.value >> IPV6_HOST_BITS).toString(16)}`;
}

/** True when both texts are the same address, however they are written. */
export function isSameAddress(one: string, other: string): boolean {
  const [a, b] = [parseAddress(one), parseAddress(other)];
  return a !== undefined && b !== undefined && a.bits === b.bits && a.value === b.value;
}

function parseAddress(text: string): Address | undefined {
  const zoneless = text.replace(/%.*$/, "");
  switch (isIP(zoneless)) {
    case 4:
      return { bits: 32, value: joined(zoneless.split(".").map(Number), 8n) };
    case 6: {
      const value = joined(groupsOf(zoneless), 16n);
      return value >> IPV4_BITS === MAPPED
        ? { bits: 32, value: BigInt.asUintN(32, value) }
        : { bits: 128, value };
    }
    default:
      return undefined;
  }
}

/** The eight groups of an IPv6 address (RFC 4291, section 2.2). */
function groupsOf(text: string): readonly number[] {
  const colons = text.replace(
    /([0-9]+)\.([0-9]+)\.([0-9]+)\.([0-9]+)$/,
    (_, a, b, c, d) => `${hex(Number(a) * 256 + Number(b))}:${hex(Number(c) * 256 + Number(d))}`,
  );
  const [left = [], right = []] = colons.split("::").map((half) =>
    half === "" ? [] : half.split(":").map((group) => parseInt(group, 16))
  );
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => 0);
  return [...left, ...zeros, ...right];
}

function joined(parts: readonly number[], bitsEach: bigint): bigint {
  return parts.reduce((sum, part) => sum << bitsEach | BigInt(part), 0n);
}

function hex(value: number): string {
  return value.toString(16);
}
