import type { Json } from "./json.ts";
import type { Origin } from "./observation.ts";

/** Something that came in, its meaning unknown: an API object, or the body of a webhook. */
export interface Signal {
  /** `spec.source` of the Ingester it came through. */
  readonly source: string;
  readonly payload: Json;
  /** When it came in, RFC 3339; stamped once. */
  readonly receivedAt: string;
  /** The API object it is, when it was read from the API. */
  readonly origin?: Origin | undefined;
  /** metadata.creationTimestamp of that object. */
  readonly createdAt?: string | undefined;
}
