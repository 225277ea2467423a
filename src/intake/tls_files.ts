import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import type { Clock } from "../run/clock.ts";
import type { Log } from "../observe/log.ts";

/** Where certificate and key lie, in PEM. */
export interface TlsFiles {
  /** TLS_CERT_FILE; the chain, own certificate first. */
  readonly certFile: string;
  /** TLS_KEY_FILE. */
  readonly keyFile: string;
  /** TLS_CLIENT_CA_FILE; who signs certificates of senders. */
  readonly clientCaFile?: string | undefined;
}

/** Certificate and key, in PEM; they belong together. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
  readonly clientCa?: string | undefined;
}

/** How often the files are looked at; a changed Secret takes up to a minute to reach them anyway. */
const LOOK_MILLISECONDS = 10_000;

/** Reads the files. Throws when one cannot be read or used, or when certificate and key do not belong together. */
export async function readTlsPair({ certFile, keyFile, clientCaFile }: TlsFiles): Promise<TlsPair> {
  const cert = await read(certFile);
  const key = await read(keyFile);
  let isPair: boolean;
  try {
    isPair = spki(new X509Certificate(cert).publicKey) === spki(createPublicKey(createPrivateKey(key)));
  } catch (error) {
    throw new Error(
      `Cannot use ${certFile} and ${keyFile}: they must hold a certificate and its key in PEM`,
      {
        cause: error,
      },
    );
  }
  if (!isPair) {
    throw new Error(`Cannot use ${certFile} and ${keyFile}: the key is not that of the certificate`);
  }
  return clientCaFile === undefined
    ? { cert, key }
    : { cert, key, clientCa: await readClientCa(clientCaFile) };
}

async function read(file: string): Promise<string> {
  try {
    return await Deno.readTextFile(file);
  } catch (cause) {
    throw new Error(`Cannot read ${file}: it must be a file that this process may read`, { cause });
  }
}

/** The public key as its SubjectPublicKeyInfo (RFC 5280). Not every Deno has X509Certificate.checkPrivateKey. */
function spki(key: KeyObject): string {
  return key.export({ type: "spki", format: "der" }).toString("base64");
}

async function readClientCa(file: string): Promise<string> {
  const clientCa = await read(file);
  const refuse = (cause?: unknown): never => {
    throw new Error(`Cannot use ${file}: it must hold one or more certificates in PEM`, { cause });
  };
  const blocks = clientCa.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? refuse();
  try {
    for (const block of blocks) new X509Certificate(block);
  } catch (error) {
    refuse(error);
  }
  return clientCa;
}

/**
 * Calls `use` with what the files hold whenever that changes, so that a certificate is renewed without a restart.
 * Files that do not fit together, as in the middle of a change, are left for the next look. Rejects with the
 * signal's reason when that aborts.
 */
export async function followTlsFiles(
  files: TlsFiles,
  first: TlsPair,
  use: (pair: TlsPair) => void,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  signal: AbortSignal,
): Promise<never> {
  let current = first;
  for (;;) {
    await clock.sleep(LOOK_MILLISECONDS, signal);
    try {
      const found = await readTlsPair(files);
      const isSame = found.cert === current.cert && found.key === current.key &&
        found.clientCa === current.clientCa;
      if (isSame) continue;
      use(found);
      current = found;
      log.info("TLS certificate renewed", { certFile: files.certFile });
    } catch (error) {
      log.warn("TLS certificate kept as it was", {
        error: error instanceof Error ? error.message : String(error),
      });
    }
  }
}
