import type { Api } from "../kube/api.ts";
import { ApiError } from "../kube/errors.ts";
import { askOwnName } from "../kube/own_name.ts";
import { textAt } from "../model/json.ts";
import type { Clock } from "../run/clock.ts";
import { type Checked, ok, problem, warning } from "./check.ts";

/** What asking the API server needs. */
export interface ServerParts {
  readonly api: Api;
  readonly clock: Clock;
  /** Its address. */
  readonly server: string;
}

/** When a request was sent, when its answer came, and what the API server's clock said between (wall time, ms). */
export interface RoundTrip {
  readonly sentAt: number;
  readonly receivedAt: number;
  /** Header Date, in whole seconds; undefined when there was none. */
  readonly serverSecond: number | undefined;
}

const REQUEST_MILLISECONDS = 5_000;
/** contract, section 9. */
const OLDEST_MINOR = 31;
const MAX_SKEW_MILLISECONDS = 2_000;
const UNAUTHORIZED =
  "the API server does not take the credentials: a token may have ended, or be another cluster's";

/** What to do where there is no answer, by what the error says; the first that fits counts. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/Requires net access/, "start it with a permission for that address: --allow-net=<host>:<port>"],
  [
    /dns error|lookup|resolve/i,
    "the name is not resolved: look at the DNS of the cluster, and let the pod's NetworkPolicy reach it (port 53)",
  ],
  [/refused/i, "nothing listens there: look at the address of the API server, and whether it runs"],
  [
    /no answer within|timed out|unreachable/i,
    "something drops the packets: the NetworkPolicy must let the pod reach the API server's endpoints (chart: networkPolicy.apiServerPorts)",
  ],
  [
    /certificate|tls|UnknownIssuer/i,
    "its certificate is of another authority, or for another name: look at certificate-authority-data, or at ca.crt of the ServiceAccount",
  ],
];

/** Whether the API server answers, how quickly, which version it is, and whether its clock agrees with this machine's. */
export async function checkServer(parts: ServerParts, signal: AbortSignal): Promise<readonly Checked[]> {
  const { clock, server } = parts;
  const startedAt = clock.monotonic();
  let version: unknown;
  try {
    ({ version } = await ask(parts, signal));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return [problem("network", `Cannot reach ${server}: ${error.message}`, adviceOf(error))];
  }
  const milliseconds = Math.round(clock.monotonic() - startedAt);
  // The connection stands now, so that the second answer says more precisely what time it is there.
  const { trip } = await ask(parts, signal);
  return [
    ok("network", `Reached ${server} in ${milliseconds} ms`),
    judgeVersion(version),
    judgeSkew(trip),
  ];
}

/** Whether a version of Kubernetes is new enough. */
export function judgeVersion(version: unknown): Checked {
  const name = textAt(version, "gitVersion") ?? "of an unknown version";
  const major = Number.parseInt(textAt(version, "major") ?? "", 10);
  const minor = Number.parseInt(textAt(version, "minor") ?? "", 10);
  if (Number.isNaN(major) || Number.isNaN(minor)) {
    return warning("version", `Kubernetes ${name}; it must be 1.${OLDEST_MINOR} or newer`);
  }
  const isEnough = major > 1 || (major === 1 && minor >= OLDEST_MINOR);
  return isEnough ? ok("version", `Kubernetes ${name}; 1.${OLDEST_MINOR} or newer is needed`) : problem(
    "version",
    `Kubernetes ${name} is too old: it must be 1.${OLDEST_MINOR} or newer`,
    "upgrade the cluster: selectable fields of custom resources, among others, are missing",
  );
}

/**
 * Whether two clocks agree. The Date of an answer has whole seconds and was written some time between sending and receiving:
 * what is judged is the least difference that explains it.
 */
export function judgeSkew({ sentAt, receivedAt, serverSecond }: RoundTrip): Checked {
  if (serverSecond === undefined || Number.isNaN(serverSecond)) {
    return warning("clock", "The API server says no time, so that the clocks cannot be compared");
  }
  const least = serverSecond - receivedAt;
  const most = serverSecond + 1000 - sentAt;
  const skew = least > 0 ? least : Math.min(0, most);
  if (Math.abs(skew) <= MAX_SKEW_MILLISECONDS) {
    return ok("clock", `This clock and the API server's agree to within ${MAX_SKEW_MILLISECONDS / 1000} s`);
  }
  const seconds = (Math.abs(skew) / 1000).toFixed(1);
  return warning(
    "clock",
    `This clock is at least ${seconds} s ${skew > 0 ? "behind" : "ahead of"} the API server's`,
    "set the clocks by NTP: stamps and lifetimes of Observations, signatures with a time, and tokens depend on them. " +
      "Leadership does not, for each replica compares its own clock with nothing but itself",
  );
}

async function ask(
  { api, clock }: ServerParts,
  signal: AbortSignal,
): Promise<{ readonly version: unknown; readonly trip: RoundTrip }> {
  const sentAt = clock.now();
  let receivedAt = sentAt;
  let serverSecond: number | undefined;
  const version = await api.request({
    role: "read",
    method: "GET",
    path: "/version",
    timeoutMilliseconds: REQUEST_MILLISECONDS,
    onHeaders: (headers) => {
      receivedAt = clock.now();
      serverSecond = Date.parse(headers.get("date") ?? "");
    },
  }, signal);
  return { version, trip: { sentAt, receivedAt, serverSecond } };
}

function adviceOf(error: ApiError): string | undefined {
  if (error.kind === "unauthorized") return UNAUTHORIZED;
  return ADVICE.find(([says]) => says.test(error.message))?.[1];
}

/** As whom the API server knows this process. */
export async function checkIdentity(
  { api }: ServerParts,
  signal: AbortSignal,
): Promise<{ readonly username: string | undefined; readonly checked: Checked }> {
  try {
    const username = await askOwnName(api, signal);
    const checked = username === undefined
      ? warning("identity", "The API server does not say who this process is")
      : ok("identity", `Known to the API server as ${username}`);
    return { username, checked };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const advice = error.kind === "unauthorized" ? UNAUTHORIZED : undefined;
    return { username: undefined, checked: problem("identity", error.message, advice) };
  }
}
