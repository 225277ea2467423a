import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import type { IngesterSpec } from "../../src/model/ingester.ts";
import { systemClock } from "../../src/run/clock.ts";
import { type Certified, createCertificateAuthority } from "../control_plane/certificates.ts";
import type { Replica, WebhookAnswer } from "../support/process.ts";
import { until } from "../support/until.ts";
import { type AdminClient, adminClient, ingesterObject, INGESTERS, SECRETS } from "./admin_client.ts";
import { readyOf, untilReason } from "./conditions.ts";
import { GUARD_MILLISECONDS, HOME, install, untilLeading } from "./installation.ts";
import { assertStopsSound } from "./soundness.ts";

/** The guarded kinds: keys of the Secret, and what a sender shows who knows its first and its second value. */
interface Guarded {
  readonly fixed: Readonly<Record<string, string>>;
  readonly key: string;
  show(value: string, body: string): Record<string, string>;
}

const GUARDED: Readonly<Record<"bearer" | "basic" | "hmac", Guarded>> = {
  bearer: { fixed: {}, key: "token", show: (value) => ({ authorization: `Bearer ${value}` }) },
  basic: {
    fixed: { username: "falco" },
    key: "password",
    show: (value) => ({ authorization: `Basic ${btoa(`falco:${value}`)}` }),
  },
  hmac: {
    fixed: {},
    key: "secret",
    show: (value, body) => ({ "x-hub-signature-256": `sha256=${mac(value, body)}` }),
  },
};
const KINDS = Object.keys(GUARDED) as (keyof typeof GUARDED)[];
const open = { auth: { type: "none" } } as const;
const secretName = (kind: string): string => `door-${kind}`;

const SPECS: Readonly<Record<string, IngesterSpec>> = {
  ...Object.fromEntries(KINDS.map((kind) => [kind, {
    source: kind,
    webhook: { auth: { type: kind, secretName: secretName(kind) } },
  }])),
  near: { source: "near", webhook: { ...open, allowedCIDRs: ["127.0.0.0/8", "::1"] } },
  far: { source: "far", webhook: { ...open, allowedCIDRs: ["198.51.100.0/24", "2001:db8::/32"] } },
  limited: { source: "limited", webhook: { ...open, rateLimit: { requestsPerSecond: 0.02, burst: 2 } } },
  small: { source: "small", webhook: { ...open, maxBodyBytes: 100 } },
  put: { source: "put", webhook: { ...open, methods: ["PUT"] } },
  mtls: {
    source: "mtls",
    webhook: {
      auth: { type: "mtls", allowedSubjects: ["CN=falco,O=security"], allowedSANs: ["falco.example"] },
    },
  },
  large: { source: "large", webhook: { ...open, maxBodyBytes: 2_000_000 } },
};

function mac(secret: string, text: string): string {
  return createHmac("sha256", secret).update(text).digest("hex");
}

/** Every value that is ever secret, so that it can be looked for afterwards. */
const valueOf = (kind: string, number: number): string => `value-${number}-of-${kind}-that-nobody-may-see`;

/** A body that no other request has. */
function freshBody(): string {
  return JSON.stringify({ id: crypto.randomUUID() });
}

async function send(replica: Replica, kind: keyof typeof GUARDED, value: string): Promise<WebhookAnswer> {
  const body = freshBody();
  return await replica.webhook(`/ingest/${kind}`, body, GUARDED[kind].show(value, body));
}

async function putSecret(
  admin: AdminClient,
  kind: keyof typeof GUARDED,
  values: Readonly<Record<string, string | null>>,
): Promise<void> {
  const data = Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, value === null ? null : btoa(`${value}\n`)]),
  );
  await admin.patch(SECRETS, HOME, secretName(kind), { data });
}

/** Waits until a sender who shows `value` is answered so; prints how long that took. */
async function untilAnswered(
  replica: Replica,
  kind: keyof typeof GUARDED,
  value: string,
  status: number,
  what: string,
): Promise<void> {
  const start = systemClock.monotonic();
  let last = 0;
  await until(`${kind}: ${what}`, async () => {
    last = (await send(replica, kind, value)).status;
    return last === status;
  }, GUARD_MILLISECONDS).catch((cause) => {
    throw new Error(`${kind} must be answered ${status}, given ${last}`, { cause });
  });
  console.log(`${kind}: ${what} after ${Math.round(systemClock.monotonic() - start)} ms`);
}

Deno.test("webhooks let in who may, and a Secret that changes is in force without a restart", async (test) => {
  await using installed = await install();
  const { plane, oracle } = installed;
  using admin = adminClient(plane.kubeconfig);
  for (const [name, spec] of Object.entries(SPECS)) {
    await admin.create(INGESTERS, HOME, ingesterObject(name, spec));
  }
  await using replica = await installed.start(0, {
    TRUSTED_PROXY_CIDRS: "127.0.0.1/32",
    MAX_REQUEST_BYTES: "1500000",
  });
  await untilLeading(replica);

  await test.step("without its Secret an Ingester is not ready, says what to do, and lets nobody in", async () => {
    for (const kind of KINDS) {
      const found = await untilReason(
        oracle,
        kind,
        "Degraded",
        new RegExp(`${secretName(kind)} does not exist: create`),
      );
      assert.equal(readyOf(found)?.status, "False");
      const answer = await send(replica, kind, "anything");
      assert.deepEqual([answer.status, answer.headers.get("retry-after")], [503, "5"]);
      assert.doesNotMatch(answer.text, /door-/);
      assert.equal((await replica.webhook(`/ingest/${kind}`, freshBody())).status, 401);
    }
  });

  await test.step("with its Secret it is ready, and knows its senders", async () => {
    for (const kind of KINDS) {
      const { fixed, key } = GUARDED[kind];
      const data = Object.fromEntries(
        Object.entries({ ...fixed, [key]: valueOf(kind, 1) }).map((
          [name, value],
        ) => [name, btoa(`${value}\n`)]),
      );
      await admin.create(SECRETS, HOME, {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: secretName(kind) },
        data,
      });
      await untilAnswered(replica, kind, valueOf(kind, 1), 201, "the Secret appears");
      assert.equal((await send(replica, kind, "another")).status, 401);
      assert.equal(readyOf(await untilReason(oracle, kind, "Running", /Serving/))?.status, "True");
    }
  });

  await test.step("a second value is valid beside the first, then alone", async () => {
    for (const kind of KINDS) {
      const { key } = GUARDED[kind];
      const [first, second] = [valueOf(kind, 1), valueOf(kind, 2)];
      assert.equal((await send(replica, kind, second)).status, 401);
      await putSecret(admin, kind, { [`${key}-next`]: second });
      await untilAnswered(replica, kind, second, 201, "the next value is valid");
      assert.equal((await send(replica, kind, first)).status, 201);
      await putSecret(admin, kind, { [key]: second, [`${key}-next`]: null });
      await untilAnswered(replica, kind, first, 401, "the first value is valid no more");
      assert.equal((await send(replica, kind, second)).status, 201);
    }
  });

  await test.step("a signature with a time is taken once, within 5 minutes", async () => {
    const body = freshBody();
    const secret = valueOf("hmac", 2);
    const signed = (seconds: number): Record<string, string> => ({
      "x-signature": `t=${seconds},v1=${mac(secret, `${seconds}.${body}`)}`,
    });
    const now = Math.floor(Date.now() / 1000);
    const statuses: number[] = [];
    for (const seconds of [now, now, now - 1, now - 400, now + 400]) {
      statuses.push((await replica.webhook("/ingest/hmac", body, signed(seconds))).status);
    }
    assert.deepEqual(statuses, [201, 401, 200, 401, 401]);
  });

  await test.step("place, rate, size, type and method are what the Ingester says", async () => {
    const from = (address: string): Record<string, string> => ({ "x-forwarded-for": address });
    const text = { "content-type": "text/plain" };
    const cases:
      readonly (readonly [path: string, body: string, headers: Record<string, string>, status: number])[] = [
        ["near", freshBody(), {}, 201],
        ["near", freshBody(), from("198.51.100.7"), 403],
        ["far", freshBody(), {}, 403],
        ["far", freshBody(), from("198.51.100.7"), 201],
        ["far", freshBody(), from("198.51.100.7, 192.0.2.1"), 403],
        ["far", freshBody(), from("192.0.2.1, 2001:db8::7"), 201],
        ["limited", freshBody(), from("192.0.2.1"), 201],
        ["limited", freshBody(), from("192.0.2.1"), 201],
        ["limited", freshBody(), from("192.0.2.1"), 429],
        ["limited", freshBody(), from("192.0.2.2"), 201],
        ["small", JSON.stringify("x".repeat(99)), {}, 413],
        ["small", freshBody(), {}, 201],
        ["small", freshBody(), text, 415],
        ["put", freshBody(), {}, 405],
        ["bearer", "x".repeat(2_000_000), text, 401],
      ];
    for (const [path, body, headers, status] of cases) {
      const answer = await replica.webhook(`/ingest/${path}`, body, headers);
      const told = `${path} ${JSON.stringify(headers)} ${answer.text}`;
      assert.equal(answer.status, status, told);
      assert.equal(answer.headers.has("retry-after"), status === 429, told);
      if (status >= 400) assert.equal(answer.headers.get("content-type"), "application/problem+json", told);
    }
  });

  await test.step("what the operator does not allow is Invalid", async () => {
    await untilReason(oracle, "mtls", "Invalid", /mtls needs TLS_CLIENT_CA_FILE/);
    await untilReason(
      oracle,
      "large",
      "Invalid",
      /MAX_REQUEST_BYTES of this watcher, 1500000, given 2000000/,
    );
    assert.equal((await replica.webhook("/ingest/mtls", freshBody())).status, 503);
  });

  await test.step("a Secret that goes away, or that may not be read any more, lets nobody in and is said", async () => {
    await admin.delete(SECRETS, HOME, secretName("bearer"));
    await untilAnswered(replica, "bearer", valueOf("bearer", 2), 503, "the Secret goes away");
    await untilReason(oracle, "bearer", "Degraded", /does not exist/);
    await putSecret(admin, "basic", { username: null });
    await untilReason(oracle, "basic", "Degraded", /has no key username/);
    assert.equal((await send(replica, "basic", valueOf("basic", 2))).status, 503);
    await admin.patch(INGESTERS, HOME, "hmac", { spec: { webhook: { auth: { secretName: "not-ours" } } } });
    await untilReason(oracle, "hmac", "Forbidden", /not-ours may not be read: grant list and watch/);
  });

  await test.step("nothing that it writes, exports or stores holds a secret", async () => {
    const metrics = await (await replica.observe("/metrics")).text();
    const stored = JSON.stringify([await oracle.ingesters(HOME), await oracle.observations()]);
    const said = [metrics, stored, ...replica.lines.map(({ text }) => text)].join("\n");
    for (const kind of KINDS) assert.doesNotMatch(said, new RegExp(`of-${kind}-that-nobody`));
  });
  await assertStopsSound(replica);

  await test.step("with authorities of clients, a certificate lets in whom the Ingester names", async () => {
    const folder = await Deno.makeTempDir({ prefix: "zen-watcher-doors-" });
    await using cleanup = new AsyncDisposableStack();
    cleanup.defer(() => Deno.remove(folder, { recursive: true }));
    const [authority, other] = [createCertificateAuthority("clients"), createCertificateAuthority("others")];
    const server = authority.issue({ usage: "server", commonName: "receiver", addresses: ["127.0.0.1"] });
    const files = {
      TLS_CERT_FILE: "tls.crt",
      TLS_KEY_FILE: "tls.key",
      TLS_CLIENT_CA_FILE: "ca.crt",
    } as const;
    await Deno.writeTextFile(`${folder}/tls.crt`, server.certificate);
    await Deno.writeTextFile(`${folder}/tls.key`, server.key);
    await Deno.writeTextFile(`${folder}/ca.crt`, authority.certificate);
    const settings = Object.fromEntries(
      Object.entries(files).map(([name, file]) => [name, `${folder}/${file}`]),
    );
    await using second = await installed.start(1, settings);
    await untilLeading(second);
    await untilReason(oracle, "mtls", "Running", /Serving \/ingest\/mtls/);
    const ask = async (path: string, certified?: Certified): Promise<number> => {
      using client = Deno.createHttpClient({
        caCerts: [authority.certificate],
        http2: false,
        ...(certified === undefined ? {} : { cert: certified.certificate, key: certified.key }),
      });
      const response = await fetch(`https://127.0.0.1:${second.webhookPort}${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: freshBody(),
        client,
      });
      await response.body?.cancel();
      return response.status;
    };
    const good = {
      usage: "client",
      commonName: "falco",
      organizations: ["security"],
      dnsNames: ["falco.example"],
    } as const;
    assert.equal(await ask("/ingest/mtls", authority.issue(good)), 201);
    assert.equal(await ask("/ingest/mtls", authority.issue({ ...good, commonName: "other" })), 403);
    assert.equal(await ask("/ingest/mtls", authority.issue({ ...good, dnsNames: ["other.example"] })), 403);
    assert.equal(await ask("/ingest/mtls", other.issue(good)), 401);
    assert.equal(await ask("/ingest/mtls"), 401);
    assert.equal(await ask("/ingest/small"), 201);
    await assertStopsSound(second);
  });
});
