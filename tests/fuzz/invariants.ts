import assert from "node:assert/strict";
import { fingerprint } from "../../src/deduplicate/fingerprint.ts";
import type { Finding, Normalized } from "../../src/model/finding.ts";
import { isJsonObject, type Json, type JsonObject } from "../../src/model/json.ts";
import { observationSpecSchema } from "../../src/model/observation.ts";
import { FILTERED_REASONS, REJECTED_REASONS } from "../../src/model/verdict.ts";
import { MAX_DETAILS_BYTES } from "../../src/normalize/details.ts";
import { normalize } from "../../src/normalize/normalize.ts";
import { buildObservation } from "../../src/write/build_observation.ts";
import { OPTIONS } from "../normalize/samples.ts";
import { type Random, shuffleKeys } from "./mutate.ts";

const RECEIVED_AT = "2026-01-02T03:04:05.000Z";
const LABEL_VALUE = /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;
const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const MAX_DEPTH = 70;
const BOOKKEEPING: Readonly<Record<string, Json>> = {
  resourceVersion: "4711",
  managedFields: [{ manager: "other", time: "2026-01-01T00:00:00Z" }],
  selfLink: "/x",
};

/** What holds of every payload, however wrong it is; throws what does not. */
export function checkPayload(
  source: string,
  payload: Json,
  volatile: readonly string[],
  random: Random,
): readonly Normalized[] {
  const given = normalized(source, payload);
  const before = named(source, given);
  for (const item of given) checkItem(source, item);
  assert.deepEqual(normalized(source, structuredClone(payload)), given, "the same payload is read otherwise");
  assert.deepEqual(
    named(source, normalized(source, shuffleKeys(payload, random))),
    before,
    "the order of keys is part of a name",
  );
  assert.deepEqual(
    named(source, normalized(source, disturb(payload, volatile))),
    before,
    "what may change is part of a name",
  );
  return given;
}

function normalized(source: string, payload: Json): readonly Normalized[] {
  return normalize({ source, payload, receivedAt: RECEIVED_AT }, OPTIONS);
}

/** The names that a payload's findings get, and what was said of its other items. */
function named(source: string, given: readonly Normalized[]): readonly string[] {
  return given.map((item) =>
    item.kind === "finding" ? nameOf(source, item.finding) : `${item.kind} ${item.reason}`
  );
}

function nameOf(source: string, finding: Finding): string {
  return fingerprint(source, finding, Date.parse(finding.detectedAt ?? RECEIVED_AT), 60).name;
}

function checkItem(source: string, item: Normalized): void {
  switch (item.kind) {
    case "filtered":
      assert.ok(FILTERED_REASONS.includes(item.reason));
      if (item.finding !== undefined) checkFinding(source, item.finding);
      return;
    case "rejected":
      assert.ok(REJECTED_REASONS.includes(item.reason));
      assert.ok(item.message.length < 1500 && item.message.isWellFormed(), `message ${item.message}`);
      assert.ok(!/[\0\n]/.test(item.message), `message ${item.message}`);
      return;
    case "finding":
      checkFinding(source, item.finding);
      return;
    default:
      item satisfies never;
  }
}

/** An Observation can be made of it that the API server takes. */
function checkFinding(source: string, finding: Finding): void {
  const time = Date.parse(finding.detectedAt ?? RECEIVED_AT);
  assert.ok(!Number.isNaN(time), `detectedAt ${finding.detectedAt}`);
  const observation = buildObservation(finding, fingerprint(source, finding, time, 60), {
    source,
    namespace: "zen-system",
    ingester: { namespace: "zen-system", name: source },
    origin: undefined,
    receivedAt: RECEIVED_AT,
    ttlSeconds: 3600,
  });
  const { metadata, spec } = observation;
  assert.match(metadata.name, NAME);
  for (const [label, value] of Object.entries(metadata.labels ?? {})) {
    assert.ok(LABEL_VALUE.test(value) && value.length <= 63, `label ${label}: ${value}`);
  }
  const parsed = observationSpecSchema.safeParse(spec);
  assert.ok(parsed.success, `schema: ${parsed.error?.message}`);
  const title = spec.title ?? "";
  assert.ok(title.trim() !== "" && title.length <= 256 && !/\p{Control}/u.test(title), `title ${title}`);
  assert.ok(bytes(spec.description ?? "") <= 4096, "description");
  assert.match(spec.eventType ?? "", /^[a-z0-9]([a-z0-9_]*[a-z0-9])?$/);
  assert.ok((spec.eventType ?? "").length <= 63 + "audit_".length, "eventType");
  assert.ok(bytes(JSON.stringify(spec.details)) <= MAX_DETAILS_BYTES, "details");
  assert.ok(finding.identity.length > 0, "identity");
  assert.ok(finding.count === undefined || Number.isSafeInteger(finding.count) && finding.count > 0, "count");
  assert.ok(finding.firstSeen === undefined || !Number.isNaN(Date.parse(finding.firstSeen)), "firstSeen");
  for (const value of Object.values(spec.resource ?? {})) assert.ok(value !== "", "resource");
  checkTexts(spec as unknown as Json, 0);
}

/** No NUL, no half of a surrogate pair, in no value and no key, and a bottom. */
function checkTexts(value: Json | undefined, depth: number): void {
  assert.ok(depth <= MAX_DEPTH, "depth");
  if (typeof value === "string") {
    assert.ok(value.isWellFormed() && !value.includes("\0"), `text ${JSON.stringify(value.slice(0, 200))}`);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      checkTexts(key, depth);
      checkTexts(member as Json, depth + 1);
    }
  }
}

/** The payload as it is read again later, where it is one of an API server: written anew, seen later, counted on. */
function disturb(payload: Json, volatile: readonly string[]): Json {
  if (!isJsonObject(payload)) return payload;
  if (isList(payload)) {
    const items = payload["items"] as readonly Json[];
    return { ...payload, items: items.map((item) => disturb(item, volatile)) };
  }
  const changed = volatile.length === 0 ? payload : later(payload, new Set(volatile)) as JsonObject;
  const { apiVersion, kind, metadata } = changed;
  const isObject = [apiVersion, kind].every((word) => typeof word === "string" && word !== "") &&
    isJsonObject(metadata) && typeof metadata["name"] === "string" && metadata["name"] !== "";
  return isObject ? { ...changed, metadata: { ...metadata, ...BOOKKEEPING } } : changed;
}

function isList({ apiVersion, kind, items }: JsonObject): boolean {
  return typeof apiVersion === "string" && apiVersion !== "" && typeof kind === "string" &&
    kind.endsWith("List") && Array.isArray(items);
}

/** Times move on, other values stay what they are or are another of their type. */
function later(value: Json, volatile: ReadonlySet<string>): Json {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item: Json) => later(item, volatile));
  return Object.fromEntries(
    Object.entries(value as JsonObject).map(([key, member]) => [
      key,
      volatile.has(key) ? other(member ?? null) : later(member ?? null, volatile),
    ]),
  );
}

function other(value: Json): Json {
  if (typeof value === "string") return /^\d{4}-/.test(value) ? "2026-06-07T08:09:10Z" : `${value}x`;
  if (typeof value === "number") return value + 1;
  return value;
}

function bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}
