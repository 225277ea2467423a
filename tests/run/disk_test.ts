import assert from "node:assert/strict";
import { systemDisk } from "../../src/run/disk.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (found: Uint8Array): string => new TextDecoder().decode(found);

Deno.test("A file grows at its end, is read from any place, cut, replaced and removed", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/a/b/file`;
  await systemDisk.makeFolder(`${folder.path}/a/b`);
  for (const part of ["one ", "two "]) {
    const file = await systemDisk.open(path);
    await file.append(bytes(part));
    await file.sync();
    file.close();
  }
  assert.equal(text(await systemDisk.readAt(path, 4, 3)), "two");
  assert.equal(text(await systemDisk.readAt(path, 4, 300)), "two ");
  const file = await systemDisk.open(path);
  await file.truncate(3);
  await file.append(bytes("!"));
  file.close();
  assert.equal(text(await systemDisk.read(path)), "one!");
  await systemDisk.replace(path, bytes("new"));
  assert.deepEqual(await systemDisk.files(`${folder.path}/a/b`), ["file"]);
  assert.deepEqual(await systemDisk.folders(folder.path), ["a"]);
  assert.equal(text(await systemDisk.read(path)), "new");
  await systemDisk.syncFolder(`${folder.path}/a`);
  await systemDisk.remove(`${folder.path}/a`);
  await systemDisk.remove(`${folder.path}/a`);
  assert.deepEqual([await systemDisk.files(`${folder.path}/a`), await systemDisk.folders(folder.path)], [
    [],
    [],
  ]);
});
