import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { CredentialSources } from "../../src/kube/credentials.ts";
import { type ClusterChoice, findCluster } from "../../src/kube/find_cluster.ts";

const b64 = btoa;
const KUBECONFIG = `
apiVersion: v1
kind: Config
current-context: one
clusters:
- name: c
  cluster: {server: "https://api.example:6443/", certificate-authority-data: ${b64("CA")}}
- name: loose
  cluster: {server: "https://api.example", insecure-skip-tls-verify: true}
contexts:
- {name: one, context: {cluster: c, user: inline, namespace: shop}}
- {name: files, context: {cluster: c, user: files}}
- {name: token, context: {cluster: c, user: token}}
- {name: rotating, context: {cluster: c, user: rotating}}
- {name: basic, context: {cluster: c, user: basic}}
- {name: plugin, context: {cluster: c, user: plugin}}
- {name: loose, context: {cluster: loose, user: token}}
- {name: half, context: {cluster: c, user: half}}
users:
- {name: inline, user: {client-certificate-data: ${b64("CERT")}, client-key-data: ${b64("KEY")}}}
- {name: files, user: {client-certificate: cert.pem, client-key: /abs/key.pem}}
- {name: token, user: {token: abc}}
- {name: rotating, user: {tokenFile: token.txt}}
- {name: basic, user: {username: me, password: pä}}
- {name: plugin, user: {exec: {command: aws}}}
- {name: half, user: {client-certificate-data: ${b64("CERT")}}}
`;

const files: Record<string, string> = {
  "/k/config": KUBECONFIG,
  "/k/cert.pem": "FILECERT",
  "/abs/key.pem": "FILEKEY",
  "/k/token.txt": "t1\n",
  "/home/.kube/config": KUBECONFIG,
  "/bad": "{",
  "/var/run/secrets/kubernetes.io/serviceaccount/token": "pod-token\n",
  "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt": "PODCA",
  "/var/run/secrets/kubernetes.io/serviceaccount/namespace": "zen",
};

function sources(
  environment: Record<string, string> = {},
  own: Partial<CredentialSources> = {},
): CredentialSources {
  return {
    environment,
    readTextFile(path) {
      const text = files[path];
      if (text === undefined) throw new Deno.errors.NotFound(path);
      return text;
    },
    mayConnect: () => true,
    ...own,
  };
}
const find = (
  choice: ClusterChoice,
  environment: Record<string, string> = {},
): ReturnType<typeof findCluster> => findCluster(choice, sources(environment));

Deno.test("A kubeconfig gives address, namespace and inline certificates of its current context", () => {
  const found = find({ kubeconfig: "/k/config" });
  assert.equal(found.server, "https://api.example:6443");
  assert.equal(found.namespace, "shop");
  assert.deepEqual(found.tls(), { certificateAuthority: "CA", client: { certificate: "CERT", key: "KEY" } });
  assert.equal(found.authorization(), undefined);
});

Deno.test("Files are relative to the kubeconfig, and read anew at each call", () => {
  assert.deepEqual(find({ kubeconfig: "/k/config", context: "files" }).tls().client, {
    certificate: "FILECERT",
    key: "FILEKEY",
  });
  const rotating = find({ kubeconfig: "/k/config", context: "rotating" });
  assert.equal(rotating.authorization(), "Bearer t1");
  files["/k/token.txt"] = "t2";
  assert.equal(rotating.authorization(), "Bearer t2");
});

Deno.test("A token and basic credentials become the Authorization header", () => {
  assert.equal(find({ kubeconfig: "/k/config", context: "token" }).authorization(), "Bearer abc");
  assert.equal(
    find({ kubeconfig: "/k/config", context: "basic" }).authorization(),
    `Basic ${Buffer.from("me:pä", "utf8").toString("base64")}`,
  );
});

Deno.test("--kubeconfig comes before KUBECONFIG, that before the pod, that before the home", () => {
  const pod = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443", HOME: "/home" };
  assert.equal(
    find({ kubeconfig: "/k/config" }, { ...pod, KUBECONFIG: "/missing" }).server,
    "https://api.example:6443",
  );
  assert.equal(find({}, { ...pod, KUBECONFIG: "/k/config" }).server, "https://api.example:6443");
  assert.equal(find({}, pod).server, "https://10.0.0.1:443");
  assert.equal(find({}, { HOME: "/home" }).server, "https://api.example:6443");
});

Deno.test("In a pod the ServiceAccount's files are used, and read anew at each call", () => {
  const found = find({}, { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "6443" });
  assert.equal(found.server, "https://[fd00::1]:6443");
  assert.deepEqual([found.namespace, found.authorization(), found.tls().certificateAuthority], [
    "zen",
    "Bearer pod-token",
    "PODCA",
  ]);
});

Deno.test("Where only the name of the API server may be reached, the name is used", () => {
  const environment = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443" };
  const found = findCluster(
    {},
    sources(environment, { mayConnect: (host) => host === "kubernetes.default.svc:443" }),
  );
  assert.equal(found.server, "https://kubernetes.default.svc:443");
});

Deno.test("--server stands alone for kubectl proxy, and replaces the address of a context", () => {
  const alone = find({ server: "http://127.0.0.1:8001/" });
  assert.deepEqual([alone.server, alone.authorization()], ["http://127.0.0.1:8001", undefined]);
  assert.equal(find({ kubeconfig: "/k/config", server: "https://other:1" }).server, "https://other:1");
});

Deno.test("What cannot be used is refused with a sentence that says what to do", () => {
  const cases: readonly [ClusterChoice, Record<string, string>, RegExp][] = [
    [{}, {}, /give --kubeconfig/],
    [{ kubeconfig: "/nowhere" }, {}, /Cannot read \/nowhere: NotFound/],
    [{ kubeconfig: "/bad" }, {}, /must be YAML/],
    [{ kubeconfig: "/k/config", context: "absent" }, {}, /no context absent; there are: one, files/],
    [{ kubeconfig: "/k/config", context: "plugin" }, {}, /credential plugin \(exec\).*kubectl proxy/],
    [{ kubeconfig: "/k/config", context: "loose" }, {}, /insecure-skip-tls-verify is not supported/],
    [{ kubeconfig: "/k/config", context: "half" }, {}, /must be given together/],
  ];
  for (const [choice, environment, expected] of cases) {
    assert.throws(() => find(choice, environment), expected, JSON.stringify(choice));
  }
});

Deno.test("Several files of KUBECONFIG are merged: what comes first wins", () => {
  files["/first"] = "{contexts: [{name: one, context: {cluster: c, user: token, namespace: first}}]}";
  const found = find({}, { KUBECONFIG: "/first:/k/config" });
  assert.deepEqual([found.namespace, found.authorization()], ["first", "Bearer abc"]);
});
