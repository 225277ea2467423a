import { type Api, resourcePath } from "../kube/api.ts";
import { ApiError, isApiError } from "../kube/errors.ts";
import { jsonLines } from "../kube/json_lines.ts";
import { at, textAt } from "../model/json.ts";
import type { Clock } from "../run/clock.ts";
import type { LeaseLock } from "./lock.ts";
import { leaseOf, type LeaseRecord, parseLease } from "./record.ts";

const LEASES = { group: "coordination.k8s.io", version: "v1", resource: "leases" };
const MAX_LINE_BYTES = 1024 * 1024;
const MIN_WATCH_SECONDS = 300;

/** One Lease of the API server, read by its name alone, so that a Role can name it (contract, section 6). */
export class ApiLeaseLock implements LeaseLock {
  readonly #name: { readonly namespace: string; readonly name: string };
  readonly #api: Api;
  readonly #clock: Clock;

  constructor(
    name: { readonly namespace: string; readonly name: string },
    parts: { readonly api: Api; readonly clock: Clock },
  ) {
    this.#name = { namespace: name.namespace, name: name.name };
    this.#api = parts.api;
    this.#clock = parts.clock;
  }

  /** {@inheritDoc LeaseLock.get} */
  async get(signal: AbortSignal): Promise<LeaseRecord | undefined> {
    try {
      return parseLease(await this.#api.request({ role: "lease", method: "GET", path: this.#path }, signal));
    } catch (error) {
      if (isApiError(error, "not-found")) return undefined;
      throw error;
    }
  }

  /** {@inheritDoc LeaseLock.create} */
  async create(record: LeaseRecord, signal: AbortSignal): Promise<LeaseRecord> {
    const path = resourcePath(LEASES, this.#name.namespace);
    const body = leaseOf({ ...record, resourceVersion: "", object: undefined }, this.#name);
    return parseLease(await this.#api.request({ role: "lease", method: "POST", path, body }, signal));
  }

  /** {@inheritDoc LeaseLock.update} */
  async update(record: LeaseRecord, signal: AbortSignal): Promise<LeaseRecord> {
    const body = leaseOf(record, this.#name);
    return parseLease(
      await this.#api.request({ role: "lease", method: "PUT", path: this.#path, body }, signal),
    );
  }

  /** {@inheritDoc LeaseLock.watch} */
  async *watch(signal: AbortSignal): AsyncGenerator<LeaseRecord | undefined, void, undefined> {
    const stream = await this.#api.stream({
      role: "watch",
      method: "GET",
      path: resourcePath(LEASES, this.#name.namespace),
      // Without a resourceVersion a watch begins with the Lease as it is: no list, no 410, nothing missed between two.
      query: {
        fieldSelector: `metadata.name=${this.#name.name}`,
        watch: true,
        allowWatchBookmarks: true,
        timeoutSeconds: MIN_WATCH_SECONDS + Math.floor(this.#clock.random() * MIN_WATCH_SECONDS),
      },
    }, signal);
    for await (const line of jsonLines(stream, MAX_LINE_BYTES, signal)) {
      switch (textAt(line, "type")) {
        case "ADDED":
        case "MODIFIED":
          yield parseLease(at(line, "object"));
          break;
        case "DELETED":
          yield undefined;
          break;
        case "BOOKMARK":
          break;
        default:
          throw endOf(line);
      }
    }
  }

  get #path(): string {
    return resourcePath(LEASES, this.#name.namespace, this.#name.name);
  }
}

/** What an ERROR in the stream, or a line that is no event, says. */
function endOf(line: unknown): ApiError {
  const code = at(line, "object", "code");
  const message = textAt(line, "object", "message") ?? "a line that is no event";
  return new ApiError(`The watch of the Lease ended: ${message}`, {
    code: typeof code === "number" ? code : 0,
    reason: textAt(line, "object", "reason") ?? "",
  });
}
