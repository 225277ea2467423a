/** What kind of answer an {@link ApiError} is; the only place where status numbers are read. */
export type ApiErrorKind =
  | "unreachable"
  | "bad-request"
  | "unauthorized"
  | "forbidden"
  | "namespace-terminating"
  | "not-found"
  | "already-exists"
  | "conflict"
  | "expired"
  | "too-large"
  | "invalid"
  | "throttled"
  | "server";

/** A request to the API server that did not succeed; `code` 0 when there was no answer at all. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: number;
  /** metav1.Status reason, e.g. "AlreadyExists"; "" when there is none. */
  readonly reason: string;
  readonly kind: ApiErrorKind;
  /** metav1.Status details.kind: what is missing or refused, e.g. "namespaces"; "" when not said. */
  readonly subject: string;
  /** metav1.Status details.causes: the fields that are not as they must be, e.g. "spec.title". */
  readonly fields: readonly string[];
  /** What the server asks to wait (Retry-After), in milliseconds. */
  readonly retryAfterMilliseconds: number | undefined;

  constructor(
    message: string,
    answer: {
      readonly code: number;
      readonly reason?: string;
      readonly causes?: readonly string[];
      readonly subject?: string;
      readonly fields?: readonly string[];
      readonly retryAfterMilliseconds?: number | undefined;
    },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.code = answer.code;
    this.reason = answer.reason ?? "";
    this.subject = answer.subject ?? "";
    this.fields = answer.fields ?? [];
    this.kind = kindOf(answer.code, this.reason, answer.causes ?? []);
    this.retryAfterMilliseconds = answer.retryAfterMilliseconds;
  }

  /** True when the same request may succeed later, unchanged. */
  get isPassing(): boolean {
    return this.kind === "unreachable" || this.kind === "throttled" || this.kind === "server" ||
      this.kind === "unauthorized";
  }
}

function kindOf(code: number, reason: string, causes: readonly string[]): ApiErrorKind {
  switch (code) {
    case 0:
      return "unreachable";
    case 400:
      return "bad-request";
    case 401:
      return "unauthorized";
    case 403:
      return causes.includes("NamespaceTerminating") ? "namespace-terminating" : "forbidden";
    case 404:
      return "not-found";
    case 409:
      return reason === "AlreadyExists" ? "already-exists" : "conflict";
    case 410:
      return "expired";
    case 413:
      return "too-large";
    case 422:
      return "invalid";
    case 429:
      return "throttled";
    default:
      if (reason === "Expired" || reason === "Gone") return "expired";
      return code >= 500 ? "server" : "bad-request";
  }
}

/** True for an answer that refuses who we are: a token may have been rotated since it was read. */
export function isUnauthorized(answer: { readonly status: number }): boolean {
  return kindOf(answer.status, "", []) === "unauthorized";
}

/** True when `error` is an ApiError of one of the kinds. */
export function isApiError(error: unknown, ...kinds: readonly ApiErrorKind[]): error is ApiError {
  return error instanceof ApiError && (kinds.length === 0 || kinds.includes(error.kind));
}
