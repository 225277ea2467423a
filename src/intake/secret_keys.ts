import type { AuthType } from "../model/ingester.ts";

/** The decoded values of a Secret by key. */
export type SecretValues = Readonly<Record<string, string>>;

/** Which key of its Secret holds what a sender must know; `<key>-next` may hold a second valid value. */
export const SECRET_KEYS = { bearer: "token", basic: "password", hmac: "secret" } as const;

/** The ways to authenticate that take a Secret. */
export type SecretAuthType = keyof typeof SECRET_KEYS;

/** True for the ways to authenticate that take a Secret. */
export function takesSecret(type: AuthType): type is SecretAuthType {
  return Object.hasOwn(SECRET_KEYS, type);
}

/** The values that are valid now, one or two; none when the Secret holds none. A newline at an end is ignored. */
export function validValues(type: SecretAuthType, secret: SecretValues): readonly string[] {
  const key = SECRET_KEYS[type];
  return [key, `${key}-next`].map((one) => valueOf(secret, one)).filter((value) => value !== "");
}

/** The user name of auth basic; empty when the Secret holds none. */
export function userNameOf(secret: SecretValues): string {
  return valueOf(secret, "username");
}

/** The first key that a Secret lacks, or holds empty; undefined when it has all that is needed. */
export function lackingKey(type: SecretAuthType, secret: SecretValues): string | undefined {
  if (type === "basic" && userNameOf(secret) === "") return "username";
  return validValues(type, secret).length === 0 ? SECRET_KEYS[type] : undefined;
}

function valueOf(secret: SecretValues, key: string): string {
  return (Object.hasOwn(secret, key) ? secret[key] ?? "" : "").replace(/\r?\n$/, "");
}
