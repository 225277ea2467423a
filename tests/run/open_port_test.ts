import assert from "node:assert/strict";
import { openPort } from "../../src/run/open_port.ts";

Deno.test("a port that is taken is said with the setting that names another", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  await assert.rejects(
    openPort("METRICS_PORT", port, () => Deno.listen({ hostname: "127.0.0.1", port })),
    new RegExp(`^Error: Cannot listen on port ${port}: give another METRICS_PORT`),
  );
});

Deno.test("what else goes wrong is no matter of the port", async () => {
  const error = new Error("no certificate");
  await assert.rejects(openPort("WEBHOOK_PORT", 8080, () => Promise.reject(error)), error);
  await assert.rejects(
    openPort("WEBHOOK_PORT", 8080, () => {
      throw error;
    }),
    error,
  );
  assert.equal(await openPort("WEBHOOK_PORT", 8080, () => 1), 1);
});
