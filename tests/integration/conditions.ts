import type { Condition, Ingester, ReadyReason } from "../../src/model/ingester.ts";
import type { Oracle } from "../support/oracle.ts";
import { until } from "../support/until.ts";
import { GUARD_MILLISECONDS, HOME } from "./installation.ts";

/** Condition Ready of an Ingester. */
export function readyOf({ status }: Ingester): Condition | undefined {
  return status?.conditions?.find(({ type }) => type === "Ready");
}

/**
 * Waits until condition Ready of an Ingester in the program's namespace has a reason and a message.
 *
 * @throws with the condition that it had last
 */
export async function untilReason(
  oracle: Oracle,
  name: string,
  reason: ReadyReason,
  message: RegExp,
): Promise<Ingester> {
  let found: Ingester | undefined;
  try {
    await until(`Ingester ${name} is ${reason}`, async () => {
      found = (await oracle.ingesters(HOME)).find(({ metadata }) => metadata.name === name);
      const ready = found === undefined ? undefined : readyOf(found);
      return ready?.reason === reason && message.test(ready.message);
    }, GUARD_MILLISECONDS);
  } catch (cause) {
    throw new Error(
      `Ingester ${name} must be ${reason} with ${message}, given ${JSON.stringify(found?.status)}`,
      { cause },
    );
  }
  if (found === undefined) throw new Error(`There is no Ingester ${name}`);
  return found;
}
