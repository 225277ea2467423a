import type { Fleet } from "./fleet.ts";
import type { Ground } from "./ground.ts";
import { seedText } from "./random.ts";
import type { RoundResult } from "./round.ts";

/**
 * Writes down what the processes of a round said, and what the round found.
 *
 * @returns the folder
 */
export async function keepLogs(
  { installation: { plane } }: Ground,
  fleet: Fleet,
  { seed, balances, problems, diary }: RoundResult,
  folder: string,
): Promise<string> {
  const target = `${folder}/failed-${seedText(seed)}`;
  await Deno.mkdir(target, { recursive: true });
  for (const [index, { replica }] of fleet.lives.entries()) {
    const text = replica.lines.map(({ text }) => `${text}\n`).join("");
    await Deno.writeTextFile(`${target}/${String(index).padStart(2, "0")}-${replica.name}.log`, text);
  }
  for (const file of plane.logFiles) await Deno.copyFile(file, `${target}/${file.split("/").at(-1)}`);
  const found = JSON.stringify({ problems, balances }, undefined, 2);
  await Deno.writeTextFile(`${target}/found.json`, found);
  await Deno.writeTextFile(`${target}/diary.txt`, diary.map((line) => `${line}\n`).join(""));
  return target;
}
