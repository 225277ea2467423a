import type { Json } from "../model/json.ts";

/** True when arrays and objects lie in each other more than `levels` deep; walks level by level, without recursion. */
export function isDeeperThan(value: Json, levels: number): boolean {
  let level = containersIn([value]);
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > levels) return true;
    level = level.flatMap((container) => containersIn(Object.values(container)));
  }
  return false;
}

function containersIn(values: readonly (Json | undefined)[]): readonly object[] {
  return values.filter((value) => typeof value === "object" && value !== null);
}
