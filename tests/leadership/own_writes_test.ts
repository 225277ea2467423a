import assert from "node:assert/strict";
import { OwnWrites } from "../../src/leadership/own_writes.ts";

const NOW = Date.UTC(2026, 0, 2, 12);
const write = (sentAt: number) => ({ sentAt, takeover: { kind: "own" as const, sinceMonotonic: undefined } });

Deno.test("A stamp is the wall time", () => {
  assert.equal(
    new OwnWrites().nextStamp(NOW + 5, "2026-01-02T12:00:00.000000Z"),
    "2026-01-02T12:00:00.005000Z",
  );
});

Deno.test("A stamp is never that of the Lease as it is, nor that of a write of ours", () => {
  const writes = new OwnWrites();
  assert.equal(writes.nextStamp(NOW, "2026-01-02T12:00:00.000000Z"), "2026-01-02T12:00:00.000001Z");
  writes.add("2026-01-02T12:00:00.000001Z", write(1));
  writes.add("2026-01-02T12:00:00.000002Z", write(2));
  assert.equal(writes.nextStamp(NOW, "2026-01-02T12:00:00.000000Z"), "2026-01-02T12:00:00.000003Z");
  assert.equal(writes.nextStamp(NOW, undefined), "2026-01-02T12:00:00.000000Z");
});

Deno.test("Writes are found by their renewTime, the newest of them", () => {
  const writes = new OwnWrites();
  for (let index = 0; index < 1000; index++) writes.add(`T${index}`, write(index));
  assert.equal(writes.byRenewTime.get("T999")?.sentAt, 999);
  assert.equal(writes.byRenewTime.get("T940")?.sentAt, 940);
  assert.equal(writes.byRenewTime.get("T900"), undefined);
  assert.equal(writes.byRenewTime.size, 64);
});
