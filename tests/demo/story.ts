import { systemClock } from "../../src/run/clock.ts";
import type { JsonObject } from "../../src/model/json.ts";
import type { Observation } from "../../src/model/observation.ts";
import { type Oracle, oracle } from "../support/oracle.ts";
import type { Replica } from "../support/process.ts";
import { crash } from "./crash.ts";
import { feed, feedAgain } from "./feed.ts";
import { Ledger } from "./ledger.ts";
import { type Replicas, startReplicas } from "./replicas.ts";
import type { Screen } from "./screen.ts";
import { showBalances, showObservations } from "./show.ts";
import { setStage, type Stage } from "./stage.ts";
import { layOut } from "./table.ts";
import { waitUntil } from "./wait.ts";

/** What is left when the story has been told: it stays up until the stack that it was told on is disposed. */
export interface Outcome {
  readonly stage: Stage;
  readonly survivor: Replica;
  /** Whether everything was there, once. */
  readonly isEven: boolean;
}

const OPEN = { auth: { type: "none" } };
const INGESTERS: readonly { readonly spec: JsonObject; readonly text: string; readonly input: string }[] = [
  { spec: { source: "trivy" }, text: "{source: trivy}", input: "reports of Trivy" },
  { spec: { source: "kyverno" }, text: "{source: kyverno}", input: "policy reports" },
  { spec: { source: "kubernetes-events" }, text: "{source: kubernetes-events}", input: "Events" },
  {
    spec: { source: "falco", webhook: OPEN },
    text: "{source: falco, webhook: {auth: {type: none}}}",
    input: "POST /ingest/falco",
  },
  {
    spec: { source: "audit", webhook: OPEN },
    text: "{source: audit, webhook: {auth: {type: none}}}",
    input: "POST /ingest/audit",
  },
];
const GUARD_MILLISECONDS = 120_000;
/** How long one looks for doubles that come late: longer than a retry of the program. */
const SETTLE_MILLISECONDS = 1500;

/**
 * Tells the story, and says what happens as it happens.
 *
 * @param stack ends what is started
 * @param onAcquired called when there is a cluster
 * @param fail called when something ends that was not asked to
 */
export async function tell(
  screen: Screen,
  stack: AsyncDisposableStack,
  onAcquired: () => void,
  fail: (error: Error) => void,
  signal: AbortSignal,
): Promise<Outcome> {
  screen.heading("1  A cluster");
  const stage = stack.use(await setStage(screen, onAcquired, signal));
  stage.broken.then(fail);
  const outside = stack.use(oracle(stage.kubeconfig));
  const look = (): Promise<readonly Observation[]> =>
    outside.observations(stage.isOwn ? undefined : stage.home);

  screen.heading("2  Ingesters, with no more than they need");
  await applyIngesters(stage, screen, signal);

  screen.heading("3  Two replicas");
  const asked = new Set<Replica>();
  const replicas = await startReplicas(stage, screen, stack, (replica, how) => {
    if (!asked.has(replica)) fail(new Error(`${replica.name} has ended unasked: ${how}`));
  });
  stack.defer(async () => {
    for (const replica of replicas) asked.add(replica);
    await Promise.all(replicas.map((replica) => replica.stop()));
  });
  const leader = await leaderOf(replicas, stage, outside, signal);
  const survivor = replicas[0] === leader ? replicas[1] : replicas[0];
  screen.line(`${screen.paint("good", `${leader.name} leads`)}, so it reads the cluster; both take webhooks`);

  screen.heading("4  Real signals come in");
  const ledger = new Ledger();
  await feed({ stage, replicas, ledger, screen, look }, signal);
  await feedAgain(replicas, screen);

  screen.heading("5  Observations, the worst of each source");
  showObservations(await look(), screen);

  screen.heading("6  The leader is killed");
  const onKill = (): void => void asked.add(leader);
  await crash({ stage, screen, oracle: outside, ledger, leader, survivor, look, onKill }, signal);
  await systemClock.sleep(SETTLE_MILLISECONDS, signal);

  screen.heading("7  Is everything there?");
  screen.line("What was sent, against what the official Kubernetes client reads:");
  screen.line();
  const isEven = showBalances(ledger.compare(await look()), screen);
  return { stage, survivor, isEven };
}

async function applyIngesters(stage: Stage, screen: Screen, signal: AbortSignal): Promise<void> {
  for (const { spec } of INGESTERS) {
    await stage.objects.create({
      apiVersion: "zen.kube-zen.io/v1alpha1",
      kind: "Ingester",
      metadata: { name: String(spec["source"]), namespace: stage.home },
      spec,
    }, signal);
  }
  const rows = INGESTERS.map(({ text, input }) => [text, input]);
  const columns = [{ title: "SPEC" }, { title: "TAKES IN" }];
  for (const line of layOut(columns, rows, screen.width - 2)) screen.line(line);
}

async function leaderOf(
  replicas: Replicas,
  stage: Stage,
  outside: Oracle,
  signal: AbortSignal,
): Promise<Replica> {
  let leader: Replica | undefined;
  await waitUntil(
    "a replica leads",
    async () => {
      const holder = (await outside.lease(stage.home))?.spec?.holderIdentity;
      leader = replicas.find(({ name }) => name === holder);
      return leader !== undefined;
    },
    GUARD_MILLISECONDS,
    signal,
  );
  return leader ?? replicas[0];
}
