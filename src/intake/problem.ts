/** What can be wrong with a request; each stands for one status. */
export const PROBLEMS = {
  "bad-request": { status: 400, title: "Bad Request" },
  "unauthorized": { status: 401, title: "Unauthorized" },
  "forbidden": { status: 403, title: "Forbidden" },
  "not-found": { status: 404, title: "Not Found" },
  "method-not-allowed": { status: 405, title: "Method Not Allowed" },
  "too-large": { status: 413, title: "Content Too Large" },
  "unsupported-media-type": { status: 415, title: "Unsupported Media Type" },
  "too-many-requests": { status: 429, title: "Too Many Requests" },
  "internal": { status: 500, title: "Internal Server Error" },
  "unavailable": { status: 503, title: "Service Unavailable" },
} as const;

/** One of {@link PROBLEMS}. */
export type ProblemKind = keyof typeof PROBLEMS;

/** Beside kind and detail. */
export interface ProblemExtras {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Further members of the problem, e.g. counts and errors. */
  readonly members?: object | undefined;
}

/** An answer that says what is wrong (RFC 9457, application/problem+json). `detail` is one sentence. */
export function problem(kind: ProblemKind, detail: string, extras: ProblemExtras = {}): Response {
  const { status, title } = PROBLEMS[kind];
  return new Response(JSON.stringify({ type: "about:blank", title, status, detail, ...extras.members }), {
    status,
    headers: { "Content-Type": "application/problem+json", ...extras.headers },
  });
}

/** A 503 that says when to come again (RFC 9110, Retry-After in seconds). */
export function unavailable(detail: string, retryAfterSeconds: number, members?: object): Response {
  return problem("unavailable", detail, { headers: { "Retry-After": String(retryAfterSeconds) }, members });
}
