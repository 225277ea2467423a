import assert from "node:assert/strict";
import type { Checked } from "../../src/cli/check.ts";
import { configOf } from "../../src/cli/config.ts";
import { type DoctorParts, examine, TOTAL_MILLISECONDS } from "../../src/cli/doctor_command.ts";
import { readSettings } from "../../src/cli/read_settings.ts";
import { ApiError } from "../../src/kube/errors.ts";
import { aborted } from "../../src/run/aborted.ts";
import { ACCESS_REVIEWS, apiOf, reviewed } from "../support/api_of.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { ingesterOf } from "../support/ingester_of.ts";
import type { LiveApi } from "../support/live_api.ts";
import { machineOf } from "../support/machine_of.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { until } from "../support/until.ts";

const LEASE = "/apis/coordination.k8s.io/v1/namespaces/zen/leases/zen-watcher-leader-election";
const INGESTERS = "/apis/zen.kube-zen.io/v1alpha1/namespaces/zen/ingesters";

/** What the doctor finds where everything is well but for what a test has changed, and the progress that it told. */
async function findings(
  change: (api: LiveApi, clock: FakeClock) => void = () => {},
  environment: Record<string, string> = {},
  parts: Partial<DoctorParts> = {},
): Promise<
  { readonly checked: readonly Checked[]; readonly said: readonly string[]; readonly api: LiveApi }
> {
  await using folder = await temporaryFolder();
  const clock = new FakeClock();
  const api = apiOf(() => clock.now());
  api.answer(LEASE, () => ({
    metadata: { resourceVersion: "1" },
    spec: {
      holderIdentity: "zen-0",
      leaseDurationSeconds: 15,
      renewTime: new Date(clock.now()).toISOString(),
    },
  }));
  const condition = {
    type: "Ready",
    status: "True",
    reason: "Running",
    message: "",
    lastTransitionTime: "",
  } as const;
  const events = ingesterOf("events", { source: "kubernetes-events" }, {
    status: { conditions: [condition] },
  });
  api.answer(INGESTERS, () => ({ metadata: {}, items: [events] }));
  change(api, clock);
  const settings = { POD_NAMESPACE: "zen", SPOOL_DIR: folder.path, ...environment };
  const read = readSettings(new Map([["--server", "http://127.0.0.1:8001"]]), settings);
  assert.equal(read.kind, "values");
  const said: string[] = [];
  let checked: readonly Checked[] | undefined;
  const examining = examine(configOf(read.values), {
    sources: {
      environment: settings,
      readTextFile: (path) => {
        throw new Deno.errors.NotFound(path);
      },
      mayConnect: () => true,
    },
    clock,
    machine: machineOf(),
    connect: () => api,
    say: (line) => said.push(line),
    probeName: () => ".doctor",
    ...parts,
  }, new AbortController().signal).then((found) => checked = found);
  await until("it has looked", async () => {
    await clock.advance(500);
    return checked !== undefined;
  });
  await examining;
  assert.equal(clock.sleeping, 0);
  return { checked: checked ?? assert.fail(), said, api };
}

function notOk(checked: readonly Checked[]): readonly string[] {
  return checked.filter(({ verdict }) => verdict !== "ok").map(({ check, verdict }) => `${verdict} ${check}`);
}

Deno.test("where all is well everything is looked at, and nothing but reviews is sent", async () => {
  const { checked, said, api } = await findings();
  assert.deepEqual(notOk(checked), []);
  assert.deepEqual([...new Set(checked.map(({ check }) => check))], [
    "files",
    "spool",
    "ports",
    "network",
    "version",
    "clock",
    "identity",
    "definitions",
    "ingesters",
    "rights",
    "lease",
    "checkpoints",
  ]);
  assert.deepEqual(said, []);
  const sent = api.requests.filter(({ method }) => method !== "GET");
  assert.deepEqual([...new Set(sent.map(({ path }) => path.replace(/.*\//, "")))], [
    "selfsubjectreviews",
    "selfsubjectaccessreviews",
  ]);
  assert.ok(sent.map(reviewed).includes("watch /events /"), "what the Ingesters read is asked about");
});

Deno.test("a right that is missing is the only problem", async () => {
  const { checked } = await findings((api) => {
    api.answer(
      ACCESS_REVIEWS,
      (request) => ({ status: { allowed: reviewed(request) !== "watch /events /" } }),
    );
  });
  assert.deepEqual(notOk(checked), ["problem rights"]);
  const missing = checked.find(({ verdict }) => verdict === "problem");
  assert.equal(missing?.message, "Missing: watch on events in all namespaces, for Ingester zen/events");
  assert.match(missing?.advice ?? "", /system:serviceaccount:zen:zen-watcher/);
});

Deno.test("an API server that is away leaves this machine to be looked at", async () => {
  const { checked } = await findings((api) => {
    api.fail("/version", new ApiError("Cannot GET /version: Connection refused", { code: 0 }));
  });
  assert.deepEqual(notOk(checked), ["problem network", "warning rights"]);
  assert.ok(checked.some(({ check, verdict }) => check === "spool" && verdict === "ok"));
});

Deno.test("a kubeconfig that is not there is a problem with the words of run", async () => {
  const { checked } = await findings(() => {}, { KUBECONFIG: "/nowhere" });
  assert.deepEqual(notOk(checked), ["problem network", "warning rights"]);
  assert.match(checked.find(({ check }) => check === "network")?.message ?? "", /Cannot read \/nowhere/);
});

Deno.test("what takes long says so, and has an end", async () => {
  const { checked, said } = await findings((api) => {
    api.answer(INGESTERS, (_, signal) => aborted(signal).then(() => signal.throwIfAborted()));
  });
  assert.deepEqual(said.slice(0, 2), [
    "Still looking at ingesters, for 2 s",
    "Still looking at ingesters, for 4 s",
  ]);
  assert.ok(said.length <= TOTAL_MILLISECONDS / 2000, `${said.length}`);
  const last = checked.at(-1);
  assert.equal(last?.message, "Not everything was looked at within 45 s; the last was definitions");
  assert.equal(last?.verdict, "problem");
});

Deno.test("a look that fails is a problem, and the others go on", async () => {
  const { checked } = await findings((api) => {
    api.fail(ACCESS_REVIEWS, new ApiError("Cannot POST: 500 broken", { code: 500 }));
    api.answer(INGESTERS, () => ({ metadata: {}, items: "rubbish" }));
  });
  assert.deepEqual(notOk(checked), ["warning ingesters", "problem rights"]);
  assert.match(
    checked.find(({ check }) => check === "rights")?.message ?? "",
    /Cannot look at rights: .*500 broken/,
  );
  assert.ok(checked.some(({ check }) => check === "checkpoints"));
});
