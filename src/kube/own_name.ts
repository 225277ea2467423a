import { textAt } from "../model/json.ts";
import { Backoff } from "../run/backoff.ts";
import type { Clock } from "../run/clock.ts";
import type { Api } from "./api.ts";
import { isApiError } from "./errors.ts";

/**
 * Asks the API server who we are (SelfSubjectReview, authentication.k8s.io/v1), as long as it takes.
 *
 * @returns user.username; undefined where the API server does not say
 * @throws the signal's reason
 */
export async function ownName(api: Api, clock: Clock, signal: AbortSignal): Promise<string | undefined> {
  const backoff = new Backoff({ minMilliseconds: 500, maxMilliseconds: 30_000 }, clock);
  while (true) {
    try {
      return await askOwnName(api, signal);
    } catch (error) {
      if (!isApiError(error)) throw error;
      // Everybody may ask; only a server that has just started, and has not read its RBAC yet, refuses.
      if (!error.isPassing && error.kind !== "forbidden") return undefined;
      await clock.sleep(backoff.next(), signal);
    }
  }
}

/**
 * Asks once who we are.
 *
 * @throws ApiError
 */
export async function askOwnName(api: Api, signal: AbortSignal): Promise<string | undefined> {
  const review = await api.request({
    role: "read",
    method: "POST",
    path: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
    body: { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
  }, signal);
  return textAt(review, "status", "userInfo", "username");
}
