import type { Api } from "../kube/api.ts";
import { type Credentials, CredentialsError, type CredentialSources } from "../kube/credentials.ts";
import { findCluster } from "../kube/find_cluster.ts";
import { ApiLeaseLock } from "../leadership/lease_lock.ts";
import type { Clock } from "../run/clock.ts";
import { DeadlineError, withDeadline } from "../run/deadline.ts";
import { type Checked, type CheckName, problem, textOf, warning } from "./check.ts";
import { checkCheckpoints } from "./check_checkpoints.ts";
import { checkDefinitions } from "./check_definitions.ts";
import { checkFiles, namedFiles } from "./check_files.ts";
import { checkIngesters } from "./check_ingesters.ts";
import { checkLease } from "./check_lease.ts";
import { checkPorts } from "./check_ports.ts";
import { checkRights } from "./check_rights.ts";
import { checkIdentity, checkServer } from "./check_server.ts";
import { checkSpool } from "./check_spool.ts";
import { type Config, namespacesOf } from "./config.ts";
import type { Machine } from "./machine.ts";
import { neededRights } from "./needed_rights.ts";
import { spoolFolder } from "./spool_folder.ts";

/** What the doctor works with. */
export interface DoctorParts {
  readonly sources: CredentialSources;
  readonly clock: Clock;
  readonly machine: Machine;
  /** Opens the way to an API server. */
  readonly connect: (credentials: Credentials) => Api & Disposable;
  /** Takes lines of progress. */
  readonly say: (line: string) => void;
  /** Names the file that is written into the spool to try it. */
  readonly probeName: () => string;
}

/** What is being looked at; each tells what it has found. */
type Step = (name: CheckName, look: (signal: AbortSignal) => Promise<readonly Checked[]>) => Promise<void>;

/** After so long the doctor gives up. */
export const TOTAL_MILLISECONDS = 45_000;
/** What takes longer says so. */
const PROGRESS_MILLISECONDS = 2_000;

/**
 * Looks at everything that the program needs with these settings: this machine, the way to the API server, and what is there.
 * Nothing that stays is written to the cluster.
 */
export async function examine(
  config: Config,
  parts: DoctorParts,
  signal: AbortSignal,
): Promise<readonly Checked[]> {
  const { clock, say } = parts;
  const found: Checked[] = [];
  try {
    await withDeadline(TOTAL_MILLISECONDS, clock, async (inner) => {
      const step: Step = async (name, look) => {
        try {
          found.push(...await withProgress(name, look, clock, say, inner));
        } catch (error) {
          inner.throwIfAborted();
          found.push(problem(name, `Cannot look at ${name}: ${textOf(error)}`));
        }
      };
      await examineMachine(config, parts, step);
      await examineCluster(config, parts, found, step);
    }, signal);
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
    const seconds = TOTAL_MILLISECONDS / 1000;
    const last = found.at(-1)?.check ?? "nothing";
    found.push(
      problem("network", `Not everything was looked at within ${seconds} s; the last was ${last}`, SLOW),
    );
  }
  return found;
}

const SLOW = "the API server is slow, or something on the way is: look at its load, and run the doctor again";

async function examineMachine(config: Config, parts: DoctorParts, step: Step): Promise<void> {
  const { machine } = parts;
  const { certificateFile, keyFile, clientCaFile } = config.tls;
  await step("files", () => {
    // Those that lead to the API server are judged by what finds it.
    const settings = {
      tlsCertificateFile: certificateFile,
      tlsKeyFile: keyFile,
      tlsClientCaFile: clientCaFile,
      boardTokenFile: config.boardTokenFile,
    };
    return Promise.resolve(checkFiles(namedFiles(settings, {}, machine)));
  });
  const root = spoolFolder(config.spool.folder, parts.sources.environment);
  const probe = parts.probeName();
  await step("spool", () => checkSpool({ root, maxBytes: config.spool.maxBytes, probe }, machine));
  await step("ports", (signal) => checkPorts(config.listen, parts, signal));
}

async function examineCluster(
  config: Config,
  parts: DoctorParts,
  found: Checked[],
  step: Step,
): Promise<void> {
  const { clock } = parts;
  let credentials: Credentials;
  try {
    credentials = findCluster(config.cluster, parts.sources);
  } catch (error) {
    if (!(error instanceof CredentialsError)) throw error;
    found.push(problem("network", textOf(error)), NOT_LOOKED);
    return;
  }
  using api = parts.connect(credentials);
  const server = { api, clock, server: credentials.server };
  await step("network", (signal) => checkServer(server, signal));
  if (found.some(({ check, verdict }) => check === "network" && verdict === "problem")) {
    found.push(NOT_LOOKED);
    return;
  }
  let username: string | undefined;
  await step("identity", async (signal) => {
    const { username: name, checked } = await checkIdentity(server, signal);
    username = name;
    return [checked];
  });
  const namespaces = namespacesOf(config, credentials.namespace);
  const namespace = namespaces.podNamespace;
  const { leaseName } = config.leaderElection;
  await step("definitions", (signal) => checkDefinitions(api, signal));
  let rights = neededRights(config, namespaces, []);
  await step("ingesters", async (signal) => {
    const { entries, checked } = await checkIngesters(config, namespaces, api, signal);
    rights = neededRights(config, namespaces, entries);
    return checked;
  });
  await step("rights", (signal) => checkRights(rights, username, api, signal));
  const lock = new ApiLeaseLock({ namespace, name: leaseName }, { api, clock });
  await step("lease", (signal) => checkLease(config, { lock, clock, namespace }, signal));
  await step(
    "checkpoints",
    async (signal) => [
      await checkCheckpoints({ namespace, name: `${leaseName}-checkpoints` }, { api, clock }, signal),
    ],
  );
}

const NOT_LOOKED = warning(
  "rights",
  "Rights, definitions, Ingesters, Lease and checkpoints were not looked at, since the API server was not reached",
);

/** Says what is being looked at while it takes long. */
async function withProgress<T>(
  name: CheckName,
  look: (signal: AbortSignal) => Promise<T>,
  clock: Clock,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<T> {
  const done = new AbortController();
  const tell = async (): Promise<void> => {
    for (let seconds = PROGRESS_MILLISECONDS / 1000;; seconds += PROGRESS_MILLISECONDS / 1000) {
      await clock.sleep(PROGRESS_MILLISECONDS, done.signal);
      say(`Still looking at ${name}, for ${seconds} s`);
    }
  };
  const telling = tell().catch(() => {});
  try {
    return await look(signal);
  } finally {
    done.abort(new DOMException("It was looked at", "AbortError"));
    await telling;
  }
}
