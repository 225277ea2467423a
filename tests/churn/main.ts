import { seedText } from "../chaos/random.ts";
import { churn } from "./churn.ts";
import { parseOptions, USAGE } from "./options.ts";
import { complaintsOf, linesOf } from "./report.ts";

const EXIT = { done: 0, failed: 1, mistake: 2 } as const;

Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  const parsed = parseOptions(args, crypto.getRandomValues(new Uint32Array(1))[0] ?? 0);
  switch (parsed.kind) {
    case "help":
      console.log(USAGE);
      return EXIT.done;
    case "mistake":
      console.error(`Cannot start churn: ${parsed.message}`);
      return EXIT.mistake;
    case "options": {
      const { seconds, ingesters, seed } = parsed.options;
      console.log(`${ingesters} Ingesters for ${seconds} s, seed ${seedText(seed)}`);
      const result = await churn(parsed.options);
      for (const line of linesOf(result)) console.log(line);
      const complaints = complaintsOf(result, parsed.options);
      for (const complaint of complaints) console.log(`FAILED: ${complaint}`);
      return complaints.length === 0 ? EXIT.done : EXIT.failed;
    }
    default:
      return parsed satisfies never;
  }
}
