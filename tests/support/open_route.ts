import type { OpenRoute } from "../../src/intake/route.ts";

/** The route of a webhook Ingester without credentials that creates an Observation of whatever comes. */
export function openRoute(change: Partial<OpenRoute> = {}): OpenRoute {
  return {
    kind: "open",
    source: "falco",
    ingester: { namespace: "n", name: "falco" },
    auth: { type: "none" },
    methods: ["POST"],
    allowedRanges: [],
    rateLimit: undefined,
    maxBodyBytes: 100,
    take: () =>
      Promise.resolve({
        kind: "verdicts",
        verdicts: [{ kind: "created", observation: { namespace: "n", name: "a" } }],
      }),
    ...change,
  };
}
