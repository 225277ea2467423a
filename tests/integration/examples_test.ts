import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { parse, stringify } from "yaml";
import { textAt } from "../../src/model/json.ts";
import { gvrText } from "../../src/write/destination.ts";
import { presetOf } from "../../src/model/preset.ts";
import { createCertificateAuthority } from "../control_plane/certificates.ts";
import { type Example, examples, EXAMPLES_HOME, type ObjectSignal } from "../examples/examples.ts";
import { EXAMPLE_DESTINATIONS } from "../examples/offline.ts";
import { type Shown, shown } from "../examples/shown.ts";
import type { Replica } from "../support/process.ts";
import { until } from "../support/until.ts";
import { readyOf } from "./conditions.ts";
import { type FakeKubelet, nodeOf, startFakeKubelet } from "./fake_kubelet.ts";
import {
  GUARD_MILLISECONDS,
  HOME,
  install,
  type Installation,
  REPORT_CRDS,
  untilLeading,
} from "./installation.ts";
import { FINDINGS, looseDefinition } from "./loose_definition.ts";
import { createRunningPod } from "./running_pod.ts";
import { assertSound } from "./soundness.ts";

const SECRET = { token: "token", username: "somebody", password: "password", secret: "secret" };
const SUBJECT = {
  commonName: "sender",
  organizations: ["security"],
  dnsNames: ["sender.security.svc"],
} as const;
const FOREIGN = ["team-a"];
/** A replica that serves TLS and asks senders for certificates, and a sender who has one. */
interface Secured extends AsyncDisposable {
  readonly replica: Replica;
  send(path: string, body: string, headers: Readonly<Record<string, string>>): Promise<number>;
}

async function startSecured(installed: Installation): Promise<Secured> {
  await using starting = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "zen-watcher-examples-" });
  starting.defer(() => Deno.remove(folder, { recursive: true }));
  const authority = createCertificateAuthority("examples");
  const server = authority.issue({ usage: "server", commonName: "receiver", addresses: ["127.0.0.1"] });
  await Deno.writeTextFile(`${folder}/tls.crt`, server.certificate);
  await Deno.writeTextFile(`${folder}/tls.key`, server.key);
  await Deno.writeTextFile(`${folder}/ca.crt`, authority.certificate);
  const replica = starting.use(
    await installed.start(0, {
      TLS_CERT_FILE: `${folder}/tls.crt`,
      TLS_KEY_FILE: `${folder}/tls.key`,
      TLS_CLIENT_CA_FILE: `${folder}/ca.crt`,
      DESTINATION_ALLOWLIST: EXAMPLE_DESTINATIONS.map(gvrText).join(","),
      INGESTER_NAMESPACES: [HOME, ...FOREIGN].join(","),
    }),
  );
  const { certificate: cert, key } = authority.issue({ usage: "client", ...SUBJECT });
  const client = starting.use(
    Deno.createHttpClient({ caCerts: [authority.certificate], http2: false, cert, key }),
  );
  const running = starting.move();
  return {
    replica,
    async send(path, body, headers) {
      const response = await fetch(`https://127.0.0.1:${replica.webhookPort}${path}`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body,
        client,
      });
      await response.body?.cancel();
      return response.status;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function credentialsOf({ ingester: { spec } }: Example, body: string): Record<string, string> {
  switch (spec.webhook?.auth?.type) {
    case "bearer":
      return { authorization: `Bearer ${SECRET.token}` };
    case "basic":
      return { authorization: `Basic ${btoa(`${SECRET.username}:${SECRET.password}`)}` };
    case "hmac":
      return {
        "x-hub-signature-256": `sha256=${createHmac("sha256", SECRET.secret).update(body).digest("hex")}`,
      };
    default:
      return {};
  }
}

function pathOf({ ingester: { metadata, spec } }: Example): string {
  const own = spec.webhook?.path ?? `/ingest/${spec.source}`;
  return metadata.namespace === HOME ? own : `/ns/${metadata.namespace}${own}`;
}

function isWebhook({ ingester: { spec } }: Example): boolean {
  return (spec.ingester ?? presetOf(spec.source).ingester) === "webhook";
}

/** What the examples read and name must be there first. */
async function prepare(
  installed: Installation,
  all: readonly Example[],
  kubelet: FakeKubelet,
): Promise<void> {
  const { plane } = installed;
  const signals = all.flatMap((example) => example.signals);
  const namespaces = new Set([
    ...FOREIGN,
    // Where a finding's namespace is none of the cluster, its Observation goes to the watcher's own.
    ...all.flatMap((example) =>
      goldenOf(example).observations.map((one) => textAt(one, "metadata", "namespace") ?? HOME)
    ),
    ...signals.flatMap((signal) => signal.kind === "log" ? [signal.namespace] : []),
    ...signals.flatMap((signal) => signal.kind === "object" ? namespaceOf(signal) ?? [] : []),
  ]);
  await installed.createNamespaces(
    ...[...namespaces].filter((name) => !["default", "kube-system", HOME].includes(name)),
  );
  const secrets = new Set(all.flatMap(({ ingester }) => ingester.spec.webhook?.auth?.secretName ?? []));
  const objects = [
    nodeOf(kubelet),
    ...[...secrets].map((name) => ({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name, namespace: HOME },
      stringData: SECRET,
    })),
  ];
  await plane.applyYaml(objects.map((object) => stringify(object)).join("---\n"));
  await using files = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "zen-watcher-examples-" });
  files.defer(() => Deno.remove(folder, { recursive: true }));
  await Deno.writeTextFile(`${folder}/findings.yaml`, stringify(looseDefinition(FINDINGS)));
  await plane.installCrds(folder);
}

function namespaceOf({ object }: ObjectSignal): string | undefined {
  const { namespace } = object.metadata as Readonly<Record<string, string>>;
  return namespace;
}

/** Creates the objects of samples, and what only a status subresource takes. */
async function createObjects({ plane }: Installation, signals: readonly ObjectSignal[]): Promise<void> {
  if (signals.length === 0) return;
  await plane.ask(["create", "-f", "-"], signals.map(({ object }) => JSON.stringify(object)).join("\n"));
  for (const { object } of signals) {
    if (object.status === undefined) continue;
    const { name = "", namespace = "" } = object.metadata as Readonly<Record<string, string>>;
    const what = [String(object.kind).toLowerCase(), name, `--namespace=${namespace}`];
    const patch = JSON.stringify({ status: object.status });
    await plane.ask(["patch", ...what, "--subresource=status", "--type=merge", "-p", patch]);
  }
}

/** Those with one source are shown one after the other: two at once would be one finding's second sight. */
function roundsOf(all: readonly Example[]): readonly (readonly Example[])[] {
  const rounds: Example[][] = [];
  for (const example of all) {
    const { source } = example.ingester.spec;
    const round = rounds.find((one) => one.every(({ ingester }) => ingester.spec.source !== source));
    if (round === undefined) rounds.push([example]);
    else round.push(example);
  }
  return rounds;
}

async function untilStanding({ oracle }: Installation, round: readonly Example[]): Promise<void> {
  let standing: readonly string[] = [];
  await until(`${round.length} examples have a condition`, async () => {
    const found = await oracle.ingesters();
    standing = round.map(({ name, ingester: { spec } }) => {
      const ready = found.filter(({ metadata }) => metadata.name === name).map(readyOf)[0];
      return ready?.reason === (spec.suspend === true ? "Suspended" : "Running")
        ? ""
        : `${name}: ${ready?.reason} ${ready?.message}`;
    });
    return standing.every((text) => text === "");
  }, GUARD_MILLISECONDS).catch((cause) => {
    throw new Error(`Not all examples work: ${standing.filter((text) => text !== "").join("\n")}`, { cause });
  });
}

function goldenOf({ name }: Example): Shown {
  return parse(Deno.readTextFileSync(new URL(`../examples/golden/${name}.yaml`, import.meta.url))) as Shown;
}

async function showRound(
  installed: Installation,
  round: readonly Example[],
  { replica, send }: Secured,
  kubelet: FakeKubelet,
): Promise<void> {
  const { plane, oracle } = installed;
  const text = round.map((example) => example.text).join("---\n");
  const signals = round.flatMap((example) => example.signals);
  const objects = signals.filter((signal) => signal.kind === "object");
  const strictly = ["apply", "--validate=strict", "-f", "-"];
  // Before its status is there, a Certificate is one that is not ready.
  await createObjects(installed, objects.filter(({ object }) => object.status !== undefined));
  await plane.ask([...strictly, "--dry-run=server"], text);
  await plane.ask(strictly, text);
  for (const signal of signals) if (signal.kind === "log") await createRunningPod(plane, signal);
  await untilStanding(installed, round);
  await createObjects(installed, objects.filter(({ object }) => object.status === undefined));
  for (const signal of signals) {
    if (signal.kind !== "log") continue;
    kubelet.write(`${signal.namespace}/${signal.pod}/${signal.container}`, ...signal.lines);
  }
  for (const example of round.filter(isWebhook)) {
    for (const signal of example.signals) {
      assert.equal(signal.kind, "webhook");
      const body = JSON.stringify(signal.kind === "webhook" ? signal.payload : null);
      const status = await send(pathOf(example), body, credentialsOf(example, body));
      const expected = example.ingester.spec.suspend === true ? [503] : [200, 201, 202];
      assert.ok(expected.includes(status), `${example.name} was answered ${status}`);
    }
  }
  for (const example of round) {
    const golden = goldenOf(example);
    let found: readonly unknown[] = [];
    const see = async (): Promise<boolean> => {
      const own = (await oracle.observations()).filter(({ spec }) =>
        spec.ingester?.name === example.name && spec.source === example.ingester.spec.source
      );
      found = shown([], own, [], example.setByServer).observations;
      return found.length >= golden.observations.length;
    };
    await until(`${example.name} gives its Observations`, see, GUARD_MILLISECONDS).catch(() => {});
    assert.deepEqual(found, golden.observations, `${example.name} gives what its golden file says`);
  }
  await until(
    "nothing is in flight",
    async () => (await replica.metrics()).sum("zen_watcher_signals_in_flight") === 0,
  );
  await assertSound(replica);
  const wanted = round.reduce((sum, example) => sum + goldenOf(example).observations.length, 0);
  assert.equal((await oracle.observations()).length, wanted, "what must stay unread is no Observation");
  await plane.ask(["delete", "--wait=false", "-f", "-"], text);
  const kept = objects.map(({ object }) => JSON.stringify(object)).join("\n");
  if (kept !== "") await plane.ask(["delete", "--wait=false", "-f", "-"], kept);
  await plane.ask(["delete", "observations", "--all", "--all-namespaces", "--wait=false"]);
}

Deno.test("every example is taken strictly, works, and gives what its golden file says", async (test) => {
  assert.equal(HOME, EXAMPLES_HOME);
  const all = examples(new Date().toISOString().replace(/\.\d+/, ""));
  await using kubelet = await startFakeKubelet();
  await using installed = await install({ crds: [REPORT_CRDS] });
  await prepare(installed, all, kubelet);
  await using secured = await startSecured(installed);
  await untilLeading(secured.replica);
  for (const [index, round] of roundsOf(all).entries()) {
    await test.step(`round ${index + 1}: ${round.map(({ name }) => name).join(", ")}`, async () => {
      await showRound(installed, round, secured, kubelet);
    });
  }
  await assertSound(secured.replica);
  assert.deepEqual(await secured.replica.stop(), { code: 0, signal: null });
});
