import assert from "node:assert/strict";
import { FolderLocks } from "../../src/run/folder_lock.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

const never = new AbortController().signal;

Deno.test("A folder is somebody's until it is let go, and can be removed and taken anew", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/one`;
  const locks = new FolderLocks(new FakeClock());
  const first = await locks.take(path, never);
  assert.equal(first?.folder, path);
  assert.equal(await locks.take(path, never), undefined);
  await Deno.remove(path, { recursive: true });
  // The lock on a folder that is gone bars nobody.
  const second = await locks.take(path, never);
  assert.equal(second?.folder, path);
  assert.equal(await locks.take(path, never), undefined);
  first?.[Symbol.dispose]();
  assert.equal(await locks.take(path, never), undefined);
  second?.[Symbol.dispose]();
  const third = await locks.take(path, never);
  assert.ok(third !== undefined);
  third[Symbol.dispose]();
});
