import assert from "node:assert/strict";
import type { Checked } from "../../src/cli/check.ts";
import { checkSpool } from "../../src/cli/check_spool.ts";
import { type Machine, systemMachine } from "../../src/cli/machine.ts";
import { faultyDisk } from "../support/faulty_disk.ts";
import { machineOf } from "../support/machine_of.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

const MEBIBYTE = 1024 * 1024;

function check(root: string, machine: Machine): Promise<readonly Checked[]> {
  return checkSpool({ root, maxBytes: 256 * MEBIBYTE, probe: ".doctor" }, machine);
}

Deno.test("a spool that takes writes and has room is well, and nothing of the try stays", async () => {
  await using folder = await temporaryFolder();
  const root = `${folder.path}/spool`;
  await Deno.mkdir(`${root}/zen-0`, { recursive: true });
  await Deno.writeFile(`${root}/zen-0/segment`, new Uint8Array(3 * MEBIBYTE));
  const disk = faultyDisk();
  const [checked] = await check(root, machineOf({ disk, bytesBelow: systemMachine.bytesBelow }));
  assert.equal(checked?.verdict, "ok");
  assert.match(
    checked?.message ?? "",
    /3\.0 MiB lie there, in folders of 1 replicas, SPOOL_MAX_BYTES 256 MiB/,
  );
  assert.equal(disk.syncs, 1);
  assert.deepEqual([...Deno.readDirSync(root)].map(({ name }) => name), ["zen-0"]);
});

Deno.test("a spool that is full, read-only or broken is a problem that says so", async () => {
  await using folder = await temporaryFolder();
  const faults: readonly (readonly [Partial<ReturnType<typeof faultyDisk>>, RegExp])[] = [
    [{ room: 4 }, /No space left/],
    [{ isReadOnly: true }, /Read-only/],
    [{ failsSync: true }, /Input\/output error/],
  ];
  for (const [fault, says] of faults) {
    const [checked] = await check(folder.path, machineOf({ disk: Object.assign(faultyDisk(), fault) }));
    assert.equal(checked?.verdict, "problem");
    assert.match(checked?.message ?? "", says);
  }
  assert.deepEqual([...Deno.readDirSync(folder.path)], []);
});

Deno.test("a folder that is not granted is a problem, in the words of run", async () => {
  const [checked] = await check("/opt/x", machineOf({ isGranted: (name) => name === "read" }));
  assert.equal(checked?.verdict, "problem");
  assert.match(checked?.message ?? "", /must be granted --allow-write=\/opt\/x/);
});

Deno.test("room that ends before the limit is a warning; room that cannot be seen is said", async () => {
  await using folder = await temporaryFolder();
  const room = (free: number | undefined, used: number): Promise<readonly Checked[]> =>
    check(folder.path, machineOf({ freeBytes: () => free, bytesBelow: () => Promise.resolve(used) }));
  assert.equal((await room(100 * MEBIBYTE, 100 * MEBIBYTE))[0]?.verdict, "warning");
  assert.equal((await room(100 * MEBIBYTE, 200 * MEBIBYTE))[0]?.verdict, "ok");
  const [unseen] = await room(undefined, 0);
  assert.deepEqual([unseen?.verdict, /cannot be seen/.test(unseen?.message ?? "")], ["ok", true]);
});
