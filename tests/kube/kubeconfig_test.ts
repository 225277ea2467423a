import assert from "node:assert/strict";
import type { Credentials } from "../../src/kube/credentials.ts";
import { type KubeconfigChoice, kubeconfigCredentials } from "../../src/kube/kubeconfig.ts";

/** A kubeconfig with one context of a user and a cluster with these fields. */
function config(user: string, cluster = ""): string {
  return `
current-context: one
clusters: [{name: c, cluster: {server: "https://api.example:6443/"${cluster}}}]
contexts: [{name: one, context: {cluster: c, user: u}}]
users: [{name: u, user: {${user}}}]
`;
}

function load(
  files: Readonly<Record<string, string>>,
  choice: Partial<KubeconfigChoice> = {},
): Credentials {
  return kubeconfigCredentials({ paths: ["/k/config"], ...choice }, {
    environment: {},
    mayConnect: () => true,
    readTextFile(path) {
      const text = files[path];
      if (text === undefined) throw new Deno.errors.NotFound(path);
      return text;
    },
  });
}

Deno.test("A user shows itself by token file, token, or name and password, in this order", () => {
  const files = { "/k/t": "from file\n" };
  const cases: readonly [string, string | undefined][] = [
    ["", undefined],
    ["token: abc", "Bearer abc"],
    ["token: abc, tokenFile: t", "Bearer from file"],
    ["token: abc, username: me, password: pw", "Bearer abc"],
    ["username: me, password: pw", `Basic ${btoa("me:pw")}`],
    ["username: me", undefined],
  ];
  for (const [user, expected] of cases) {
    assert.equal(load({ ...files, "/k/config": config(user) }).authorization(), expected, user);
  }
});

Deno.test("Inline certificates win over files, and may be broken into lines", () => {
  const files = {
    "/k/cert": "FILE",
    "/k/config": config(
      `client-certificate: cert, client-certificate-data: "${btoa("INL")}\\n${
        btoa("INE")
      }", client-key: cert`,
    ),
  };
  assert.deepEqual(load(files).tls().client, { certificate: "INLINE", key: "FILE" });
});

Deno.test("What would change whom we reach, or as whom, is refused and not passed over", () => {
  const cases: readonly [string, string, RegExp][] = [
    ["token: a, as: admin", "", /as is not supported.*kubectl proxy/],
    ["token: a, as: admin, as-groups: [x]", "", /as and as-groups is not supported/],
    ["token: a", `, proxy-url: "http://p"`, /proxy-url is not supported/],
    ["token: a", ", tls-server-name: other", /tls-server-name is not supported/],
    ["auth-provider: {name: oidc}", "", /credential plugin \(auth-provider\)/],
  ];
  for (const [user, cluster, expected] of cases) {
    const files = { "/k/config": config(user, cluster) };
    assert.throws(() => load(files), expected, user);
    // kubectl proxy does all of it.
    assert.equal(load(files, { server: "http://127.0.0.1:8001" }).server, "http://127.0.0.1:8001");
  }
});

Deno.test("Of several files one may be missing, as for kubectl, but not all of them", () => {
  const files = { "/k/config": config("token: abc") };
  const paths = ["/gone", "/k/config"];
  assert.equal(load(files, { paths }).authorization(), "Bearer abc");
  assert.throws(() => load({}, { paths }), /no current-context/);
  assert.throws(() => load({}), /Cannot read \/k\/config: NotFound/);
});

Deno.test("A context that leads nowhere says where it ends", () => {
  const cases: readonly [string, RegExp][] = [
    ["{}", /names no current-context; give --context/],
    ["current-context: one", /no context one; there are: none/],
    ["{current-context: one, contexts: [{name: one, context: {cluster: c}}]}", /cluster c has no server/],
    ["just a text", /no current-context/],
    [
      config(`client-certificate-data: "%%%", client-key-data: "%%%"`),
      /client-certificate-data must be base64/,
    ],
    [config("tokenFile: gone"), /Cannot read \/k\/gone: NotFound/],
  ];
  for (const [text, expected] of cases) assert.throws(() => load({ "/k/config": text }), expected, text);
});
