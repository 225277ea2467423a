import { bearerToken } from "./bearer.ts";
import { isSameSecret } from "./same_secret.ts";

/** Who asks for what is not meant for everyone. */
export interface Reader {
  /** Address of the connection's other end. */
  readonly address: string | undefined;
  /** Header Host. */
  readonly host: string | undefined;
  /** Header Authorization. */
  readonly authorization: string | undefined;
}

/** Whether a reader may see /status, the board and /api. */
export type ReaderAccess = "granted" | "token-missing" | "token-wrong" | "no-token-configured";

const LOOPBACK: readonly string[] = ["127.0.0.1", "::1", "::ffff:127.0.0.1"];
const LOCAL_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?$/i;

/**
 * Lets in who is on this machine (`kubectl port-forward`), others by token. A browser may be led here by a
 * foreign name that resolves to this machine (DNS rebinding), so the Host header must name it as well.
 */
export function judgeReader(reader: Reader, token: string | undefined): ReaderAccess {
  if (LOOPBACK.includes(reader.address ?? "") && LOCAL_HOST.test(reader.host ?? "")) return "granted";
  if (token === undefined || token === "") return "no-token-configured";
  const given = bearerToken(reader.authorization);
  if (given === undefined) return "token-missing";
  return isSameSecret(given, token) ? "granted" : "token-wrong";
}

/** Reads BOARD_TOKEN_FILE anew for each call, so that it may rotate; a newline at its end is ignored. */
export function tokenFile(path: string | undefined): () => Promise<string | undefined> {
  return async () => path === undefined ? undefined : (await Deno.readTextFile(path)).trimEnd();
}
