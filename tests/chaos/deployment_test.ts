import assert from "node:assert/strict";
import { readDeployment } from "./deployment.ts";

Deno.test("the Deployment that is rolled out is the one that the chart renders", async () => {
  const deployment = await readDeployment();
  assert.deepEqual(deployment, {
    replicas: 2,
    maxSurge: 1,
    probeMilliseconds: 2000,
    probeTimeoutMilliseconds: 2000,
    preStopMilliseconds: 5000,
    graceMilliseconds: 60_000,
  });
});
