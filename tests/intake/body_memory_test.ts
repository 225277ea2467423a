import assert from "node:assert/strict";
import { bodiesMaxBytes, BodyMemory, SMALL_BYTES } from "../../src/intake/body_memory.ts";

function memory(maxBytes: number): { readonly bodies: BodyMemory; readonly shown: number[] } {
  const shown: number[] = [];
  return { bodies: new BodyMemory(maxBytes, { set: (bytes) => void shown.push(bytes) }), shown };
}

Deno.test("All bodies together are never larger than the ceiling, and what is answered makes room", () => {
  const { bodies, shown } = memory(10);
  using second = bodies.share();
  {
    using first = bodies.share();
    assert.ok(first.grow(4) && first.grow(2) && second.grow(4));
    assert.deepEqual([second.hasRoom(0), second.hasRoom(1), second.grow(1), first.grow(1)], [
      true,
      false,
      false,
      false,
    ]);
  }
  assert.ok(second.hasRoom(6) && second.grow(6) && !second.grow(1));
  assert.deepEqual(shown, [4, 6, 10, 4, 10]);
});

Deno.test("A share gives back once", () => {
  const { bodies, shown } = memory(10);
  const share = bodies.share();
  share.grow(5);
  share[Symbol.dispose]();
  share[Symbol.dispose]();
  assert.equal(shown.at(-1), 0);
});

Deno.test("Large bodies leave room to small ones, and a small one that grows large does not keep it", () => {
  const mebibyte = 1024 * 1024;
  const { bodies } = memory(bodiesMaxBytes(mebibyte));
  const large = Array.from({ length: 50 }, () => bodies.share());
  const taken = large.filter((share) => share.hasRoom(mebibyte) && share.grow(mebibyte));
  assert.equal(taken.length, 28);
  const small = Array.from({ length: 100 }, () => bodies.share());
  assert.equal(small.filter((share) => share.hasRoom(SMALL_BYTES) && share.grow(SMALL_BYTES)).length, 64);
  assert.equal(small[0]?.grow(1), false);
  taken[0]?.[Symbol.dispose]();
  assert.equal(small[0]?.grow(1), false, "all that is left is for small ones");
  for (const share of taken.slice(1, 5)) share[Symbol.dispose]();
  assert.equal(small[0]?.grow(1), true);
});

Deno.test("Two of the largest bodies find room beside small ones, and 32 MiB in any case", () => {
  const mebibyte = 1024 * 1024;
  assert.deepEqual([1, 12, 16, 64].map((size) => bodiesMaxBytes(size * mebibyte) / mebibyte), [
    32,
    32,
    36,
    132,
  ]);
});
