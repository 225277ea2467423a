import { runApp } from "./src/app.ts";
import { crdsText } from "./src/cli/crds_command.ts";
import { handleLetters } from "./src/cli/deadletters_command.ts";
import { helpText } from "./src/cli/help.ts";
import { examine } from "./src/cli/doctor_command.ts";
import { doctorText, isWell } from "./src/cli/doctor_report.ts";
import { environmentReport, environmentText } from "./src/cli/environment_report.ts";
import { systemMachine } from "./src/cli/machine.ts";
import { type Command, parseArguments } from "./src/cli/parse_arguments.ts";
import { ENVIRONMENT_NAMES } from "./src/cli/settings.ts";
import { folderProblem, spoolFolder } from "./src/cli/spool_folder.ts";
import { KubeClient } from "./src/kube/client.ts";
import { CredentialsError, type CredentialSources } from "./src/kube/credentials.ts";
import { ForeignReleaseError } from "./src/leadership/elector.ts";
import { createLog } from "./src/observe/json_log.ts";
import { systemClock } from "./src/run/clock.ts";
import { systemDisk } from "./src/run/disk.ts";
import { FolderLocks } from "./src/run/folder_lock.ts";
import { existsSync } from "node:fs";
import { planDemo } from "./src/cli/demo_command.ts";
import project from "./deno.json" with { type: "json" };

/** Exit codes: what was asked for was done, it failed, or it was called wrongly. */
const EXIT = { done: 0, failed: 1, mistake: 2 } as const;

const environment = Object.fromEntries(ENVIRONMENT_NAMES.map((name) => [name, Deno.env.get(name)]));
const command = parseArguments(Deno.args, environment);
Deno.exit(await execute(command));

async function execute(command: Command): Promise<number> {
  switch (command.kind) {
    case "help":
      print(helpText(command.topic, Deno.stdout.isTerminal() && environment["NO_COLOR"] === undefined));
      return EXIT.done;
    case "version":
      print(`zen-watcher ${project.version}\n`);
      return EXIT.done;
    case "crds":
      print(crdsText());
      return EXIT.done;
    case "mistake":
      for (const problem of command.problems) console.error(problem);
      console.error("Run with --help to see what can be asked");
      return EXIT.mistake;
    case "demo":
      return await demo(command.isOnce);
    case "doctor":
      return await doctor(command);
    case "doctor-env":
      return showEnvironment(command);
    case "deadletters":
      return await deadLetters(command);
    case "run":
      return await run(command.config);
    default:
      return command satisfies never;
  }
}

async function run(config: Extract<Command, { kind: "run" }>["config"]): Promise<number> {
  const stop = new AbortController();
  const isColoured = Deno.stderr.isTerminal() && environment["NO_COLOR"] === undefined;
  const log = createLog({
    ...config.log,
    clock: systemClock,
    isColoured,
    write: (line) => console.error(line),
  });
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(name, () => {
      // Asked a second time: at once.
      if (stop.signal.aborted) Deno.exit(EXIT.failed);
      log.info("Asked to stop", { signal: name });
      stop.abort(new DOMException(`Got ${name}`, "AbortError"));
    });
  }
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    log.error("Unhandled rejection", { error: textOf(event.reason) });
    Deno.exit(EXIT.failed);
  });
  const mayNotSpool = folderProblem(spoolFolder(config.spool.folder, environment), isGranted);
  if (mayNotSpool !== undefined) {
    console.error(mayNotSpool);
    return EXIT.mistake;
  }
  try {
    await runApp(
      config,
      { sources: credentialSources(), clock: systemClock, log, version: project.version },
      stop.signal,
    );
    return EXIT.done;
  } catch (error) {
    if (isMistake(error)) {
      console.error(textOf(error));
      return EXIT.mistake;
    }
    log.error("Failed", { error: textOf(error) });
    return EXIT.failed;
  }
}

async function doctor({ config, output }: Extract<Command, { kind: "doctor" }>): Promise<number> {
  const checked = await examine(config, {
    sources: credentialSources(),
    clock: systemClock,
    machine: systemMachine,
    connect: (credentials) => new KubeClient(credentials, systemClock, `zen-watcher/${project.version}`),
    say: (line) => console.error(line),
    probeName: () => `.doctor-${crypto.randomUUID()}`,
  }, new AbortController().signal);
  const isColoured = Deno.stdout.isTerminal() && environment["NO_COLOR"] === undefined;
  print(doctorText(checked, output, isColoured));
  return isWell(checked) ? EXIT.done : EXIT.failed;
}

function showEnvironment({ given, problems, output }: Extract<Command, { kind: "doctor-env" }>): number {
  const maySeeAll = Deno.permissions.querySync({ name: "env" }).state === "granted";
  const report = environmentReport(given, problems, {
    sources: credentialSources(),
    machine: systemMachine,
    setNames: maySeeAll ? Object.keys(Deno.env.toObject()) : undefined,
  });
  print(environmentText(report, output));
  for (const problem of problems) console.error(problem);
  return problems.length === 0 ? EXIT.done : EXIT.mistake;
}

function credentialSources(): CredentialSources {
  return {
    environment,
    readTextFile: (path) => Deno.readTextFileSync(path),
    mayConnect: (host) => Deno.permissions.querySync({ name: "net", host }).state === "granted",
  };
}

async function deadLetters(command: Extract<Command, { kind: "deadletters" }>): Promise<number> {
  const root = spoolFolder(command.spoolFolder, environment);
  const mayNot = folderProblem(root, isGranted);
  if (mayNot !== undefined) {
    console.error(mayNot);
    return EXIT.mistake;
  }
  const log = createLog({
    level: "warn",
    format: "text",
    clock: systemClock,
    isColoured: false,
    write: (line) => console.error(line),
  });
  const { isDone, text, problems } = await handleLetters({ ...command, root }, {
    disk: systemDisk,
    locks: new FolderLocks(systemClock),
    clock: systemClock,
    log,
    orderName: () => crypto.randomUUID(),
  }, new AbortController().signal);
  print(text);
  for (const problem of problems) console.error(problem);
  return isDone ? EXIT.done : EXIT.failed;
}

function isGranted(name: "read" | "write", path: string): boolean {
  return Deno.permissions.querySync({ name, path }).state === "granted";
}

async function demo(isOnce: boolean): Promise<number> {
  const plan = planDemo(
    isOnce,
    import.meta.url,
    Deno.permissions.querySync({ name: "run" }).state === "granted",
    (path) => existsSync(path),
  );
  if (plan.kind === "impossible") {
    console.error(plan.message);
    return EXIT.mistake;
  }
  const child = new Deno.Command(Deno.execPath(), { args: [...plan.arguments] }).spawn();
  // Ctrl-C reaches the child too; it ends by itself.
  Deno.addSignalListener("SIGINT", () => {});
  return (await child.status).code;
}

/** Something that only another call can mend: how the API server is reached, or whose Lease it is. */
function isMistake(error: unknown): error is Error {
  return error instanceof CredentialsError || error instanceof ForeignReleaseError ||
    (error instanceof Error && error.cause !== undefined && isMistake(error.cause));
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `; ${textOf(error.cause)}`;
  return `${error.message}${cause}`;
}

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}
