import { isIP } from "node:net";
import { parseDuration } from "../model/duration.ts";
import { parseIpRange } from "../model/ip_ranges.ts";
import type { GroupVersionResource } from "../model/ingester.ts";
import { isForbidden, parseGvr } from "../write/destination.ts";

/** Reads the text of one kind of setting. */
export interface Reader<T> {
  /** What must hold, to follow "it must be". */
  readonly must: string;
  /** What stands for the value in `--help`. */
  readonly placeholder: string;
  /** The value, undefined when the text is no such value. */
  read(text: string): T | undefined;
}

const DNS_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const DNS_SUBDOMAIN = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
const LABEL_VALUE = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const LABEL_MUST = "lower-case letters, digits and hyphens, at most 63";

/** Any text but none. */
export const text: Reader<string> = {
  must: "some text",
  placeholder: "TEXT",
  read: (given) => given || undefined,
};

/** The path of a file or folder. */
export const path: Reader<string> = {
  must: "a path",
  placeholder: "PATH",
  read: (given) => given === "" || given.includes("\0") ? undefined : given,
};

/** A namespace. */
export const namespace: Reader<string> = {
  must: `a namespace: ${LABEL_MUST}`,
  placeholder: "NAMESPACE",
  read: (given) => DNS_LABEL.test(given) ? given : undefined,
};

/** Namespaces, separated by commas. */
export const namespaces: Reader<readonly string[]> = {
  must: `namespaces separated by commas, each ${LABEL_MUST}`,
  placeholder: "NAMESPACES",
  read: (given) => list(given, namespace.read),
};

/** Namespaces, or `*` for all of them. */
export const namespacesOrAll: Reader<readonly string[] | "*"> = {
  must: `* or ${namespaces.must}`,
  placeholder: "NAMESPACES",
  read: (given) => given === "*" ? "*" : namespaces.read(given),
};

/** The name of an object. */
export function objectName(maxLength: number): Reader<string> {
  return {
    must: `the name of an object: lower-case letters, digits, hyphens and dots, at most ${maxLength}`,
    placeholder: "NAME",
    read: (given) => given.length <= maxLength && DNS_SUBDOMAIN.test(given) ? given : undefined,
  };
}

/** A value that may be the value of a label. */
export const labelValue: Reader<string> = {
  must: "letters, digits, dots, hyphens and underscores, at most 63, with a letter or digit at both ends",
  placeholder: "NAME",
  read: (given) => LABEL_VALUE.test(given) ? given : undefined,
};

/** A whole number. */
export function integer(least: number, most: number, placeholder = "NUMBER"): Reader<number> {
  return {
    must: `a whole number from ${least} to ${most}`,
    placeholder,
    read(given) {
      const number = /^[0-9]{1,15}$/.test(given) ? Number(given) : Number.NaN;
      return number >= least && number <= most ? number : undefined;
    },
  };
}

/** A port; 0 takes any free one. */
export const port: Reader<number> = {
  ...integer(0, 65535, "PORT"),
  must: "a port from 1 to 65535, or 0 for any free one",
};

/** A number of seconds, which may have a fraction. */
export function seconds(most: number): Reader<number> {
  return {
    must: `a number of seconds above 0, at most ${most}`,
    placeholder: "SECONDS",
    read(given) {
      const number = /^[0-9]{1,9}(\.[0-9]{1,3})?$/.test(given) ? Number(given) : Number.NaN;
      return number > 0 && number <= most ? number : undefined;
    },
  };
}

/** A Go duration, in milliseconds. */
export function duration(least: string, most: string): Reader<number> {
  return {
    must: `a duration from ${least} to ${most}, such as 90s or 1h30m`,
    placeholder: "DURATION",
    read(given) {
      const milliseconds = parseDuration(given) ?? Number.NaN;
      const isWithin = milliseconds >= (parseDuration(least) ?? 0) &&
        milliseconds <= (parseDuration(most) ?? Infinity);
      return isWithin ? milliseconds : undefined;
    },
  };
}

/** One word of a list, in any case. */
export function choice<const T extends string>(...words: readonly T[]): Reader<T> {
  return {
    must: `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`,
    placeholder: words.join("|"),
    read: (given) => words.find((word) => word === given.toLowerCase()),
  };
}

/** An IP address, without a port. */
export const ipAddress: Reader<string> = {
  must: "an IP address",
  placeholder: "ADDRESS",
  read: (given) => isIP(given) === 0 ? undefined : given,
};

/** IP ranges, separated by commas. */
export const cidrs: Reader<readonly string[]> = {
  must: "IP ranges separated by commas, such as 10.0.0.0/8",
  placeholder: "CIDRS",
  read: (given) => list(given, cidr),
};

/** Custom resources as group/version/resource, separated by commas. */
export const customResources: Reader<readonly GroupVersionResource[]> = {
  must: "custom resources as group/version/resource, separated by commas, such as example.com/v1/alerts; " +
    "neither Kubernetes' own nor Ingesters",
  placeholder: "RESOURCES",
  read: (given) => {
    const found = list(given, (item) => parseGvr(item) === undefined ? undefined : item);
    const resources = found?.flatMap((item) => parseGvr(item) ?? []);
    return resources?.some(isForbidden) === true ? undefined : resources;
  },
};

/** The address of an API server. */
export const serverUrl: Reader<string> = {
  must: "an address that begins with https:// or http://",
  placeholder: "URL",
  read(given) {
    const url = URL.parse(given);
    return url !== null && /^https?:$/.test(url.protocol) && url.host !== "" ? given : undefined;
  },
};

function cidr(given: string): string | undefined {
  return parseIpRange(given) === undefined ? undefined : given;
}

function list(given: string, read: (item: string) => string | undefined): readonly string[] | undefined {
  const items: string[] = [];
  for (const word of given.split(",").map((item) => item.trim()).filter((item) => item !== "")) {
    const item = read(word);
    if (item === undefined) return undefined;
    if (!items.includes(item)) items.push(item);
  }
  return items;
}
