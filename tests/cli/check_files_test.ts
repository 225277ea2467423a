import assert from "node:assert/strict";
import { checkFiles, namedFiles } from "../../src/cli/check_files.ts";

const machine = { unreadable: (path: string) => path.includes("gone") ? "there is no such file" : undefined };

Deno.test("every file that the settings lead to is named, and whether it can be read", () => {
  const settings = {
    kubeconfig: "/a/config:/gone/config",
    tlsCertificateFile: "/tls/crt",
    tlsKeyFile: "/gone/key",
    boardTokenFile: "/board/token",
  };
  assert.deepEqual(
    namedFiles(settings, {}, machine).map(({ setting, path, unreadable }) => [setting, path, unreadable]),
    [
      ["KUBECONFIG", "/a/config", undefined],
      ["KUBECONFIG", "/gone/config", "there is no such file"],
      ["TLS_CERT_FILE", "/tls/crt", undefined],
      ["TLS_KEY_FILE", "/gone/key", "there is no such file"],
      ["BOARD_TOKEN_FILE", "/board/token", undefined],
    ],
  );
});

Deno.test("in a pod the files of the ServiceAccount are named, unless a kubeconfig stands for them", () => {
  const environment = { KUBERNETES_SERVICE_HOST: "10.0.0.1" };
  assert.deepEqual(namedFiles({}, environment, machine).map(({ path }) => path.replace(/.*\//, "")), [
    "token",
    "ca.crt",
    "namespace",
  ]);
  assert.equal(namedFiles({ kubeconfig: "/a" }, environment, machine).length, 1);
});

Deno.test("each file that cannot be read is a problem of its own", () => {
  const settings = { tlsCertificateFile: "/gone/crt", tlsKeyFile: "/gone/key", tlsClientCaFile: "/ca" };
  const checked = checkFiles(namedFiles(settings, {}, machine));
  assert.deepEqual(checked.map(({ verdict, message }) => [verdict, message]), [
    ["problem", "Cannot read /gone/crt of TLS_CERT_FILE: there is no such file"],
    ["problem", "Cannot read /gone/key of TLS_KEY_FILE: there is no such file"],
  ]);
  assert.equal(checkFiles(namedFiles({ tlsClientCaFile: "/ca" }, {}, machine))[0]?.verdict, "ok");
  assert.equal(checkFiles([])[0]?.message, "No setting names a file");
});
