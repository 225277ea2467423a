import type { Json, JsonObject } from "../../src/model/json.ts";

/** Numbers in [0, 1). */
export type Random = () => number;

const LONG_NAME = "a".repeat(253);
const STRANGERS: readonly Json[] = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  7,
  1.5,
  1e300,
  2 ** 53,
  "9007199254740993",
  "18446744073709551616",
  "7",
  "false",
  "",
  " ",
  "fail",
  "CRITICAL",
  "constructor",
  "__proto__",
  "hasOwnProperty",
  LONG_NAME,
  `${LONG_NAME}.${LONG_NAME}`,
  "\0",
  "a\0b\ud800c\udc00",
  "\ufffd\ufffe\uffff",
  "\u202egnp.exe\u0085\u2028",
  "Ünïcödé 日本語 💥",
  "💥".repeat(2000),
  "x".repeat(40_000),
  "../../etc/passwd",
  "{{ .Values }}",
  "1970-01-01T00:00:00Z",
  "2024-02-30T00:00:00Z",
  "9999-12-31T23:59:59.123456789012345Z",
  "0001-01-01T00:00:00Z",
  [],
  {},
  [[]],
  [null],
  [[[["x"]]]],
  { "": null },
  { "\0": { "\ud800": "\udfff" } },
  { kind: [], name: {}, namespace: 7 },
  { length: 3, 0: "a" },
  { name: "password", value: "hunter2" },
  { kind: "List", apiVersion: "v1", items: [] },
];
const EVIL_KEYS = ["__proto__", "constructor", "toString", "", "\0", "\ud800", "items", "kind", LONG_NAME];

/** The payload with one to four changes at random places. */
export function mutate(payload: Json, random: Random): Json {
  let changed = payload;
  for (let times = 1 + Math.floor(random() * 4); times > 0; times--) changed = change(changed, random, 0);
  return changed;
}

/** The same payload with the keys of its objects in another order. */
export function shuffleKeys(value: Json, random: Random): Json {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item: Json) => shuffleKeys(item, random));
  const entries = Object.entries(value as JsonObject)
    .map(([key, member]) => ({ key, member: shuffleKeys(member ?? null, random), place: random() }))
    .sort((a, b) => a.place - b.place);
  return Object.fromEntries(entries.map(({ key, member }) => [key, member]));
}

function pick<T>(items: readonly T[], random: Random): T {
  return items[Math.floor(random() * items.length)] as T;
}

/** Goes down at random, and changes what it finds there. */
function change(value: Json, random: Random, depth: number): Json {
  if (typeof value !== "object" || value === null) return changeLeaf(value, random);
  const keys = Object.keys(value);
  if (keys.length === 0 || random() < 0.04) return changeWhole(value, random);
  const key = pick(keys, random);
  if (Array.isArray(value)) {
    const index = Number(key);
    if (random() < 0.1) return changeList(value as readonly Json[], index, random);
    return value.map((item: Json, at) => at === index ? change(item, random, depth + 1) : item);
  }
  const object = value as JsonObject;
  const dice = random();
  return Object.fromEntries(
    Object.entries(object).flatMap(([name, member]): [string, Json][] => {
      const old = member ?? null;
      if (name !== key) return [[name, old]];
      if (dice < 0.08) return [];
      if (dice < 0.12) return [[pick(EVIL_KEYS, random), old]];
      if (dice < 0.16) return [[name, old], [pick(EVIL_KEYS, random), pick(STRANGERS, random)]];
      if (dice < 0.22) return [[name, pick(STRANGERS, random)]];
      return [[name, change(old, random, depth + 1)]];
    }),
  );
}

function changeLeaf(value: Json, random: Random): Json {
  const dice = random();
  if (typeof value === "string") {
    if (dice < 0.15) return changeText(value, random);
    if (dice < 0.2 && /^[0-9]{1,15}$/.test(value)) return Number(value);
  }
  if (typeof value === "number" && dice < 0.4) return String(value);
  if (dice < 0.25) return [value];
  if (dice < 0.3) return { value };
  return pick(STRANGERS, random);
}

/** Also reaches the JSON that lies as text in a ConfigMap. */
function changeText(text: string, random: Random): string {
  const at = Math.floor(random() * (text.length + 1));
  const inserted = pick(["\0", "\ud800", "\ufffd", '"', "{", "\\", "null", "é", "\n", "💥"], random);
  switch (Math.floor(random() * 4)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + inserted + text.slice(at);
    case 2:
      return text.slice(0, at) + text.slice(at + 1 + Math.floor(random() * 8));
    default:
      return random() < 0.5 ? text.toUpperCase() : text.repeat(2);
  }
}

function changeWhole(value: Json, random: Random): Json {
  switch (Math.floor(random() * 4)) {
    case 0:
      return [value];
    case 1:
      return deep(value, random() < 0.2 ? 500 : 100);
    case 2:
      return { value };
    default:
      return pick(STRANGERS, random);
  }
}

function changeList(list: readonly Json[], index: number, random: Random): Json {
  switch (Math.floor(random() * 4)) {
    case 0:
      return [...list, ...list];
    case 1:
      return list.toSpliced(index, 1);
    case 2:
      return list.toSpliced(index, 0, pick(STRANGERS, random));
    default:
      return { ...list };
  }
}

function deep(value: Json, levels: number): Json {
  let nested = value;
  for (let level = 0; level < levels; level++) nested = level % 2 === 0 ? [nested] : { a: nested };
  return nested;
}
