/** One request as kube-apiserver wrote it down (audit.k8s.io/v1, level Metadata). */
export interface AuditedRequest {
  readonly verb: string;
  readonly user: {
    readonly username: string;
    /** What its token says besides. */
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
  readonly objectRef?: {
    readonly resource: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly apiGroup?: string;
  };
  readonly responseStatus?: { readonly code: number };
  readonly requestReceivedTimestamp: string;
  readonly stage: "RequestReceived" | "ResponseStarted" | "ResponseComplete" | "Panic";
}

const WRITES: ReadonlySet<string> = new Set(["create", "update", "patch", "delete", "deletecollection"]);

/** The pod that a token was made for. */
const POD_KEY = "authentication.kubernetes.io/pod-name";

/**
 * All requests that one user has made up to now, each once, in the order of their ends.
 *
 * @param pod of a ServiceAccount: only those of this pod
 */
export async function requestsOf(
  auditLog: string,
  username: string,
  pod?: string,
): Promise<readonly AuditedRequest[]> {
  // What follows the last line break is being written.
  const lines = (await Deno.readTextFile(auditLog)).split("\n").slice(0, -1);
  return lines.map((line): AuditedRequest => JSON.parse(line))
    .filter(({ user, stage }) => user.username === username && stage !== "ResponseStarted")
    .filter(({ user }) => pod === undefined || user.extra?.[POD_KEY]?.includes(pod) === true);
}

/** True for a request that changes something when it is granted; asking who one is changes nothing. */
export function isWrite({ verb, objectRef }: AuditedRequest): boolean {
  return WRITES.has(verb) && objectRef?.resource !== "selfsubjectreviews";
}

/** `verb resource` for a message. */
export function sentenceOf(
  { verb, objectRef, responseStatus, requestReceivedTimestamp }: AuditedRequest,
): string {
  const { resource, subresource, namespace = "", name = "" } = objectRef ?? { resource: "" };
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  return `${requestReceivedTimestamp} ${verb} ${what} ${namespace}/${name}: ${responseStatus?.code}`;
}
