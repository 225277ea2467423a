import { parse } from "yaml";
import { at, type Json, listAt, textAt } from "../model/json.ts";
import {
  type Credentials,
  CredentialsError,
  type CredentialSources,
  type TlsMaterial,
} from "./credentials.ts";

/** Which part of which kubeconfig. */
export interface KubeconfigChoice {
  /** Paths of files, merged as kubectl does: what comes first wins. */
  readonly paths: readonly string[];
  /** Name of a context; default is current-context. */
  readonly context?: string | undefined;
  /** Base address that replaces the cluster's, e.g. of `kubectl proxy`. */
  readonly server?: string | undefined;
}

const PROXY_HINT = "run `kubectl proxy` and start with `--server http://127.0.0.1:8001` instead";

/** What would change whom we reach, or as whom; passing it over in silence would do something else than was asked. */
const CLUSTER_FIELDS = ["tls-server-name", "proxy-url"];
const USER_FIELDS = ["as", "as-uid", "as-groups", "as-user-extra"];

/**
 * Reads credentials from kubeconfig files (v1 Config): inline and file certificates, token, tokenFile, basic.
 *
 * @throws CredentialsError when a file cannot be read, the context is missing, or needs what we do not do (exec plugins,
 * insecure-skip-tls-verify)
 */
export function kubeconfigCredentials(choice: KubeconfigChoice, sources: CredentialSources): Credentials {
  const files = choice.paths.flatMap((path) => {
    const config = readConfig(path, choice.paths.length > 1, sources);
    return config === undefined ? [] : [{ path, config }];
  });
  const find = (list: string, name: string): { value: Json; folder: string } | undefined => {
    for (const { path, config } of files) {
      const value = listAt(config, list).find((entry) => textAt(entry, "name") === name);
      if (value !== undefined) {
        return { value, folder: path.includes("/") ? path.replace(/\/[^/]*$/, "") : "." };
      }
    }
    return undefined;
  };
  const contextName = choice.context ??
    files.map(({ config }) => textAt(config, "current-context")).find((name) => name !== undefined);
  const where = choice.paths.join(", ");
  if (contextName === undefined) {
    throw new CredentialsError(
      `Cannot read kubeconfig ${where}: it names no current-context; give --context`,
    );
  }
  const context = find("contexts", contextName);
  if (context === undefined) {
    const known = files.flatMap(({ config }) => listAt(config, "contexts").map((c) => textAt(c, "name")));
    throw new CredentialsError(
      `Cannot read kubeconfig ${where}: no context ${contextName}; there are: ${known.join(", ") || "none"}`,
    );
  }
  const clusterName = textAt(context.value, "context", "cluster") ?? "";
  const cluster = find("clusters", clusterName);
  const server = choice.server ?? textAt(cluster?.value, "cluster", "server");
  if (server === undefined) {
    throw new CredentialsError(`Cannot read kubeconfig ${where}: cluster ${clusterName} has no server`);
  }
  if (at(cluster?.value, "cluster", "insecure-skip-tls-verify") === true && server.startsWith("https:")) {
    throw new CredentialsError(
      `Cannot use context ${contextName}: insecure-skip-tls-verify is not supported; give certificate-authority-data, or ${PROXY_HINT}`,
    );
  }
  const user = find("users", textAt(context.value, "context", "user") ?? "");
  for (const plugin of ["exec", "auth-provider"]) {
    if (at(user?.value, "user", plugin) !== undefined && !server.startsWith("http:")) {
      throw new CredentialsError(
        `Cannot use context ${contextName}: its user needs a credential plugin (${plugin}), and this program starts no other programs; ${PROXY_HINT}`,
      );
    }
  }
  const unsupported = [
    ...CLUSTER_FIELDS.filter((field) => at(cluster?.value, "cluster", field) !== undefined),
    ...USER_FIELDS.filter((field) => at(user?.value, "user", field) !== undefined),
  ];
  if (unsupported.length > 0 && !server.startsWith("http:")) {
    throw new CredentialsError(
      `Cannot use context ${contextName}: ${unsupported.join(" and ")} is not supported; ${PROXY_HINT}`,
    );
  }
  const material = (entry: typeof cluster, kind: string, field: string): string | undefined => {
    const inline = textAt(entry?.value, kind, `${field}-data`);
    if (inline !== undefined) return decodeBase64(inline, `${field}-data`, where);
    const file = textAt(entry?.value, kind, field);
    return file === undefined ? undefined : readFile(resolve(entry?.folder ?? ".", file), sources);
  };
  const tls = (): TlsMaterial => {
    const certificate = material(user, "user", "client-certificate");
    const key = material(user, "user", "client-key");
    if ((certificate === undefined) !== (key === undefined)) {
      throw new CredentialsError(
        `Cannot use context ${contextName}: client-certificate and client-key must be given together`,
      );
    }
    return {
      certificateAuthority: material(cluster, "cluster", "certificate-authority"),
      client: certificate === undefined || key === undefined ? undefined : { certificate, key },
    };
  };
  const authorization = (): string | undefined => {
    const file = textAt(user?.value, "user", "tokenFile");
    const token = file === undefined
      ? textAt(user?.value, "user", "token")
      : readFile(resolve(user?.folder ?? ".", file), sources).trim();
    if (token !== undefined) return `Bearer ${token}`;
    const name = textAt(user?.value, "user", "username");
    const password = textAt(user?.value, "user", "password");
    if (name === undefined || password === undefined) return undefined;
    return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(`${name}:${password}`)))}`;
  };
  tls();
  authorization();
  return {
    server: server.replace(/\/+$/, ""),
    namespace: textAt(context.value, "context", "namespace"),
    tls,
    authorization,
  };
}

/** Undefined where one file of several is not there, which kubectl passes over too. */
function readConfig(path: string, mayBeMissing: boolean, sources: CredentialSources): Json | undefined {
  let text: string;
  try {
    text = readFile(path, sources);
  } catch (error) {
    const { cause } = error as CredentialsError;
    if (mayBeMissing && cause instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  try {
    return parse(text) as Json;
  } catch (cause) {
    throw new CredentialsError(`Cannot read kubeconfig ${path}: it must be YAML`, { cause });
  }
}

function readFile(path: string, sources: CredentialSources): string {
  try {
    return sources.readTextFile(path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.name : "unknown error";
    throw new CredentialsError(`Cannot read ${path}: ${why}`, { cause });
  }
}

function resolve(folder: string, file: string): string {
  return file.startsWith("/") ? file : `${folder}/${file}`;
}

function decodeBase64(text: string, field: string, where: string): string {
  try {
    return atob(text.replace(/\s/g, ""));
  } catch (cause) {
    throw new CredentialsError(`Cannot read kubeconfig ${where}: ${field} must be base64`, { cause });
  }
}
