import type { Fleet } from "./fleet.ts";
import type { Ground } from "./ground.ts";

/** Writes down, in a folder that is made for it, what the replicas and the servers said, and further texts by their names. */
export async function keepLogs(
  { installation: { plane } }: Ground,
  fleet: Fleet,
  folder: string,
  texts: Readonly<Record<string, string>>,
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const [index, { replica }] of fleet.lives.entries()) {
    const text = replica.lines.map(({ text }) => `${text}\n`).join("");
    await Deno.writeTextFile(`${folder}/${String(index).padStart(2, "0")}-${replica.name}.log`, text);
  }
  for (const file of plane.logFiles) await Deno.copyFile(file, `${folder}/${file.split("/").at(-1)}`);
  for (const [name, text] of Object.entries(texts)) await Deno.writeTextFile(`${folder}/${name}`, text);
}
