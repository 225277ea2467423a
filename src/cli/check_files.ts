import { SERVICE_ACCOUNT_FOLDER } from "../kube/find_cluster.ts";
import { type Checked, ok, problem } from "./check.ts";
import type { Machine } from "./machine.ts";
import type { SettingValues } from "./settings.ts";

/** A file that the settings lead to. Some hold secrets: only whether it can be read is ever said, never what it holds. */
export interface NamedFile {
  /** The setting that names it. */
  readonly setting: string;
  readonly path: string;
  /** Why it cannot be read; undefined when it can. */
  readonly unreadable: string | undefined;
}

/** The settings that name files, as they were given. */
export type FileSettings = {
  readonly [
    Name in
      | "kubeconfig"
      | "tlsCertificateFile"
      | "tlsKeyFile"
      | "tlsClientCaFile"
      | "boardTokenFile"
  ]?: SettingValues[Name];
};

/** Every file that the settings name, and in a pod those of its ServiceAccount. */
export function namedFiles(
  settings: FileSettings,
  environment: Readonly<Record<string, string | undefined>>,
  machine: Pick<Machine, "unreadable">,
): readonly NamedFile[] {
  const paths: [setting: string, path: string | undefined][] = (settings.kubeconfig ?? "").split(":")
    .map((path) => ["KUBECONFIG", path || undefined]);
  if (settings.kubeconfig === undefined && environment["KUBERNETES_SERVICE_HOST"]) {
    for (const name of ["token", "ca.crt", "namespace"]) {
      paths.push(["ServiceAccount", `${SERVICE_ACCOUNT_FOLDER}/${name}`]);
    }
  }
  paths.push(
    ["TLS_CERT_FILE", settings.tlsCertificateFile],
    ["TLS_KEY_FILE", settings.tlsKeyFile],
    ["TLS_CLIENT_CA_FILE", settings.tlsClientCaFile],
    ["BOARD_TOKEN_FILE", settings.boardTokenFile],
  );
  return paths.flatMap(([setting, path]) =>
    path === undefined ? [] : [{ setting, path, unreadable: machine.unreadable(path) }]
  );
}

/** Whether every file that is named can be read. */
export function checkFiles(files: readonly NamedFile[]): readonly Checked[] {
  const bad = files.filter(({ unreadable }) => unreadable !== undefined);
  if (bad.length === 0) {
    return [
      ok("files", files.length === 0 ? "No setting names a file" : `All ${files.length} files can be read`),
    ];
  }
  return bad.map(({ setting, path, unreadable }) =>
    problem(
      "files",
      `Cannot read ${path} of ${setting}: ${unreadable}`,
      "mount it, and let the user of this process read it",
    )
  );
}
