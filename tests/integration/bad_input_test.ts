import assert from "node:assert/strict";
import type { IngesterSpec } from "../../src/model/ingester.ts";
import { systemClock } from "../../src/run/clock.ts";
import type { Replica, WebhookAnswer } from "../support/process.ts";
import { until } from "../support/until.ts";
import { type AdminClient, adminClient, ingesterObject, INGESTERS, SECRETS } from "./admin_client.ts";
import { untilReason } from "./conditions.ts";
import { GUARD_MILLISECONDS, HOME, install, untilLeading, untilSettled } from "./installation.ts";
import { assertNoAccident, assertStopsSound } from "./soundness.ts";

const TENANT = "team-a";
const SECRET = "falco-token";
const MEBIBYTE = 1024 * 1024;

const none = { auth: { type: "none" } } as const;
/** In the order of their creation. */
const INGESTERS_AT_HOME: Readonly<Record<string, IngesterSpec>> = {
  "zzz-older": { source: "falco", webhook: { ...none, path: "/ingest/contested" } },
  "falco": { source: "falco", webhook: none },
  "audit": { source: "audit", webhook: none },
  "anything": { source: "anything", webhook: none },
  "closed": { source: "closed" },
  "guarded": { source: "guarded", webhook: { auth: { type: "bearer", secretName: SECRET } } },
  "signed": { source: "signed", webhook: { auth: { type: "mtls" } } },
  "suspended": { source: "suspended", suspend: true, webhook: none },
};

interface Counts {
  readonly received: number;
  readonly created: number;
  readonly rejected: number;
  readonly errors: readonly { readonly index: number; readonly reason: string }[];
  readonly observations: readonly { readonly namespace: string; readonly name: string }[];
}

function countsIn(answer: WebhookAnswer): Counts {
  return answer.json as Counts;
}

function falcoEvent(pod: string): Record<string, unknown> {
  return {
    rule: "Terminal shell in container",
    priority: "Warning",
    output: `A shell in ${pod}`,
    time: "2026-01-02T03:04:05.678901234Z",
    output_fields: { "k8s.ns.name": "default", "k8s.pod.name": pod },
  };
}

function auditEvent(auditID: string): Record<string, unknown> {
  return {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level: "Metadata",
    auditID,
    stage: "ResponseComplete",
    requestURI: "/api/v1/namespaces/default/pods/web",
    verb: "delete",
    user: { username: "ada" },
    objectRef: { resource: "pods", namespace: "default", name: "web", apiVersion: "v1" },
    responseStatus: { code: 200 },
    requestReceivedTimestamp: "2026-01-02T03:04:05.000000Z",
    stageTimestamp: "2026-01-02T03:04:05.000000Z",
  };
}

/** What is sent to an open webhook, and what the answer must say. */
const BODIES: readonly {
  readonly name: string;
  readonly path?: string;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
  readonly says?: RegExp;
}[] = [
  { name: "invalid JSON", body: '{"rule": ', status: 400, says: /not JSON/ },
  { name: "text", body: "rule: yes", status: 400, says: /not JSON/ },
  { name: "no body", body: "", status: 400, says: /A body is needed/ },
  { name: "a wrong shape", body: { hello: "world" }, status: 400, says: /must/ },
  { name: "a number", body: "42", status: 400, says: /must/ },
  { name: "null", body: "null", status: 400 },
  { name: "an empty list", body: "[]", status: 400 },
  { name: "5 MiB", body: `"${"x".repeat(5 * MEBIBYTE)}"`, status: 413, says: /1048576 bytes/ },
  {
    name: "invalid UTF-8",
    body: Uint8Array.of(0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d),
    status: 400,
    says: /not UTF-8/,
  },
  {
    name: "10,000 levels",
    body: "[".repeat(10_000) + "]".repeat(10_000),
    status: 400,
    says: /deeper than 64 levels/,
  },
  {
    name: "10,000 levels of objects",
    path: "/ingest/anything",
    body: '{"a":'.repeat(10_000) + "1" + "}".repeat(10_000),
    status: 400,
    says: /deeper than 64 levels/,
  },
  {
    name: "a wrong type",
    body: JSON.stringify(falcoEvent("type")),
    headers: { "content-type": "text/plain" },
    status: 415,
  },
  {
    name: "a wrong charset",
    body: JSON.stringify(falcoEvent("charset")),
    headers: { "content-type": "application/json; charset=utf-16" },
    status: 415,
  },
  { name: "an unknown path", path: "/ingest/nobody", body: falcoEvent("path"), status: 404 },
  { name: "the root", path: "/", body: falcoEvent("root"), status: 404 },
  { name: "what other ports serve", path: "/metrics", body: falcoEvent("metrics"), status: 404 },
  { name: "a path that is no path", path: "/%zz/%00/..%2f..", body: falcoEvent("dots"), status: 404 },
  { name: "no authentication configured", path: "/ingest/closed", body: falcoEvent("closed"), status: 401 },
  { name: "no token", path: "/ingest/guarded", body: { a: 1 }, status: 401 },
  {
    name: "a wrong token",
    path: "/ingest/guarded",
    body: { a: 1 },
    headers: { authorization: "Bearer wrong" },
    status: 401,
  },
  {
    name: "an Ingester that cannot work as it is",
    path: "/ingest/signed",
    body: { a: 1 },
    status: 503,
    says: /takes nothing now/,
  },
  { name: "a suspended Ingester", path: "/ingest/suspended", body: { a: 1 }, status: 503, says: /suspended/ },
];

Deno.test("Bad input on a webhook has a clear answer and harms nothing", async (test) => {
  await using installed = await install();
  const { plane } = installed;
  using admin = adminClient(plane.kubeconfig);
  await installed.createNamespaces(TENANT);
  await writeToken(admin, "create", { token: "first" });
  for (const [name, spec] of Object.entries(INGESTERS_AT_HOME)) {
    await admin.create(INGESTERS, HOME, ingesterObject(name, spec));
  }
  await admin.create(
    INGESTERS,
    TENANT,
    ingesterObject("falco", INGESTERS_AT_HOME["falco"] ?? { source: "" }),
  );
  await using replica = await installed.start(0, { INGESTER_NAMESPACES: `${HOME},${TENANT}` });
  await using slow = await SlowSender.connect(replica.webhookPort);
  await untilLeading(replica);

  for (const { name, path = "/ingest/falco", body, headers, status, says } of BODIES) {
    await test.step(`${name}: ${status}`, async () => {
      const answer = await replica.webhook(path, body, headers);
      assert.equal(answer.status, status, answer.text);
      assert.match(answer.headers.get("content-type") ?? "", /^application\/problem\+json/);
      assert.equal((answer.json as { status: number }).status, status);
      if (says !== undefined) assert.match(answer.text, says);
      if (status === 503) assert.match(answer.headers.get("retry-after") ?? "", /^[1-9]\d*$/);
      if (status === 401) assert.match(answer.headers.get("www-authenticate") ?? "", /^Bearer/);
    });
  }

  await test.step("GET: 405, and which methods are taken", async () => {
    const response = await fetch(`http://127.0.0.1:${replica.webhookPort}/ingest/falco`);
    await response.body?.cancel();
    assert.deepEqual([response.status, response.headers.get("allow")], [405, "POST"]);
  });

  await test.step("5 MiB whose length is not said: 413", async () => {
    const chunk = new TextEncoder().encode("x".repeat(64 * 1024));
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(stream) {
        if (sent++ < 80) stream.enqueue(chunk);
        else stream.close();
      },
    });
    const headers = { "content-type": "application/json" };
    const url = `http://127.0.0.1:${replica.webhookPort}/ingest/falco`;
    const response = await fetch(url, { method: "POST", headers, body });
    assert.equal(response.status, 413, await response.text());
  });

  await test.step("what could not be taken is counted as received and rejected", async () => {
    const metrics = await replica.metrics();
    const rejected = (source: string, reason: string): number =>
      metrics.sum("zen_watcher_signals_rejected_total", { source, reason });
    assert.equal(rejected("falco", "too_large"), 2);
    assert.equal(rejected("falco", "invalid_json"), 5);
    assert.equal(rejected("falco", "wrong_shape"), 4);
    assert.equal(metrics.sum("zen_watcher_signals_received_total", { source: "falco" }), 11);
    assert.equal((await installed.oracle.observations()).length, 0);
  });

  await test.step("a batch with one wrong item: the others are taken, and the wrong one is named", async () => {
    const items = [auditEvent("one"), 42, auditEvent("three"), { kind: "Event", nonsense: true }];
    const answer = await replica.webhook("/ingest/audit", {
      kind: "EventList",
      apiVersion: "audit.k8s.io/v1",
      items,
    });
    assert.equal(answer.status, 201, answer.text);
    const { received, created, rejected, errors } = countsIn(answer);
    assert.deepEqual([received, created, rejected], [4, 2, 2]);
    assert.deepEqual(errors.map(({ index }) => index), [1, 3]);
  });

  await test.step("a key __proto__ becomes part of nothing", async () => {
    const body =
      '{"__proto__":{"polluted":true,"severity":"critical"},"constructor":{"prototype":1},"title":"x"}';
    const answer = await replica.webhook("/ingest/anything", body);
    assert.equal(answer.status, 201, answer.text);
    const [ref] = countsIn(answer).observations;
    const all = await installed.oracle.observations(HOME);
    const found = all.find(({ metadata }) => metadata.name === ref?.name);
    assert.equal(found?.spec.severity, "info");
    assert.ok(!JSON.stringify(found).includes("polluted"));
  });

  await test.step("bearer: the right token is let in, a rotated one without a restart", async () => {
    await untilAnswered(replica, "first", 201);
    await writeToken(admin, "patch", { token: "second", "token-next": "third\n" });
    const start = systemClock.monotonic();
    await untilAnswered(replica, "second", 201);
    console.log(`rotated token valid after ${Math.round(systemClock.monotonic() - start)} ms`);
    await untilAnswered(replica, "third", 201);
    await untilAnswered(replica, "first", 401);
  });

  await test.step("bearer: a deleted Secret closes the webhook, a new one opens it", async () => {
    await admin.delete(SECRETS, HOME, SECRET);
    await untilAnswered(replica, "second", 503);
    await writeToken(admin, "create", { token: "fourth" });
    await untilAnswered(replica, "fourth", 201);
  });

  await test.step("an Ingester in another namespace has its path below /ns/ and writes there only", async () => {
    const answer = await replica.webhook(`/ns/${TENANT}/ingest/falco`, falcoEvent("tenant"));
    assert.equal(answer.status, 201, answer.text);
    assert.deepEqual(countsIn(answer).observations.map(({ namespace }) => namespace), [TENANT]);
    assert.equal((await replica.webhook("/ns/nobody/ingest/falco", falcoEvent("tenant"))).status, 404);
  });

  await test.step("two Ingesters of one path: the older keeps it, the younger is Invalid", async () => {
    const spec: IngesterSpec = { source: "younger", webhook: { ...none, path: "/ingest/contested" } };
    const older = (await admin.list(INGESTERS, HOME)).find(({ metadata }) => metadata.name === "zzz-older");
    const created = Date.parse(older?.metadata.creationTimestamp ?? "");
    // Kubernetes tells ages in whole seconds.
    await until("the next one is younger", () => Date.now() >= created + 1000);
    await admin.create(INGESTERS, HOME, ingesterObject("aaa-younger", spec));
    await untilReason(
      installed.oracle,
      "aaa-younger",
      "Invalid",
      /belongs to the older Ingester zen-system\/zzz-older/,
    );
    const answer = await replica.webhook("/ingest/contested", falcoEvent("contested"));
    assert.equal(answer.status, 201, answer.text);
    assert.match(countsIn(answer).observations[0]?.name ?? "", /^falco-/);
    await admin.delete(INGESTERS, HOME, "zzz-older");
    await until("the younger has the path", async () => {
      const { status } = await replica.webhook("/ingest/contested", { any: crypto.randomUUID() });
      return status === 201;
    }, GUARD_MILLISECONDS);
  });

  await test.step("the conditions say what is wrong", async () => {
    await untilReason(installed.oracle, "signed", "Invalid", /auth\.type mtls/);
    await untilReason(installed.oracle, "closed", "Invalid", /spec\.webhook\.auth/);
    await untilReason(installed.oracle, "suspended", "Suspended", /spec\.suspend/);
    await untilReason(installed.oracle, "falco", "Running", /Serving \/ingest\/falco/);
  });

  await test.step("500 connections at once, and as many that say nothing", async () => {
    await using idle = new AsyncDisposableStack();
    for (let count = 0; count < 500; count++) {
      idle.use(await SlowSender.connect(replica.webhookPort, ""));
    }
    const pods = Array.from({ length: 500 }, (_, index) => `many-${index}`);
    await Promise.all(pods.map(async (pod) => {
      const { status, text } = await replica.webhook("/ingest/falco", falcoEvent(pod));
      // More at once than can be written within the patience of a sender: what is left is spooled.
      assert.ok([201, 202].includes(status), text);
    }));
    await untilSettled(replica, "falco", pods.length);
    const written = (await installed.oracle.observations("default"))
      .map(({ spec }) => spec.resource?.name ?? "").filter((name) => name.startsWith("many-"));
    assert.deepEqual(written.sort(), [...pods].sort());
  });

  await test.step("bytes that are no HTTP, and a sender that goes in mid-body", async () => {
    for (
      const bytes of [
        "\x16\x03\x01\x02\x00\x01\x00",
        "GARBAGE\r\n\r\n",
        "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n",
      ]
    ) {
      await using sender = await SlowSender.connect(replica.webhookPort, bytes);
      sender.closeWrite();
      await sender.untilClosed();
    }
    const head =
      "POST /ingest/falco HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n";
    for (let count = 0; count < 20; count++) {
      await using _gone = await SlowSender.connect(replica.webhookPort, `${head}{"rule":`);
    }
    assert.equal((await replica.webhook("/ingest/falco", falcoEvent("after"))).status, 201);
  });

  await test.step("a sender that does not end its header is closed", async () => {
    await slow.untilClosed();
  });

  assertNoAccident(replica);
  await assertStopsSound(replica);
});

/** Waits until the guarded webhook answers a token with a status. */
async function untilAnswered(replica: Replica, token: string, status: number): Promise<void> {
  await until(`token ${token} is answered ${status}`, async () => {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await replica.webhook("/ingest/guarded", { id: crypto.randomUUID() }, headers);
    return answer.status === status;
  }, GUARD_MILLISECONDS);
}

async function writeToken(
  admin: AdminClient,
  how: "create" | "patch",
  stringData: Readonly<Record<string, string>>,
): Promise<void> {
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: SECRET }, stringData };
  if (how === "create") await admin.create(SECRETS, HOME, secret);
  else await admin.patch(SECRETS, HOME, SECRET, { stringData });
}

/** Somebody who opens a connection and does not say all that belongs to a request. */
class SlowSender implements AsyncDisposable {
  readonly #connection: Deno.TcpConn;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  static async connect(
    port: number,
    says = "POST /ingest/falco HTTP/1.1\r\nHost: x\r\nX-",
  ): Promise<SlowSender> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const sender = new SlowSender(connection);
    if (says !== "") await connection.write(new TextEncoder().encode(says));
    return sender;
  }

  closeWrite(): void {
    this.#connection.closeWrite().catch(() => {
      // The other side was faster.
    });
  }

  /** Resolves when the other side has closed the connection. */
  async untilClosed(): Promise<void> {
    const buffer = new Uint8Array(1024);
    try {
      while (await this.#connection.read(buffer) !== null);
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#connection.close();
    return Promise.resolve();
  }
}
