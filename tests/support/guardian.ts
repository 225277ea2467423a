/**
 * Kills what it was told to watch and removes a folder, as soon as this process has ended in whatever way: the pipe to its
 * standard input closes then. It ignores what a terminal sends, and each line that it reads replaces the list.
 */
const SCRIPT = `
trap '' HUP INT TERM
watched=
while read -r line; do watched=$line; done
for pid in $watched; do kill -KILL "$pid" 2>/dev/null; done
tries=0
while [ -e "$1" ] && [ "$tries" -lt 50 ]; do
  rm -rf -- "$1" 2>/dev/null || sleep 0.1
  tries=$((tries + 1))
done
`;

/** Waits until the guardian knows its process id, or ends with us; then the program takes its place. */
const GATE = 'read -r go && exec "$@" </dev/null';

/** What a guarded program is started with; it has no standard input. */
export interface GuardedOptions extends Omit<Deno.CommandOptions, "args" | "stdin" | "detached"> {
  readonly args: readonly string[];
}

/**
 * Ends the processes of a test and removes their folder, also when this process is killed and can do nothing itself. When
 * it is disposed in time, the processes must have been ended already; then only the folder goes.
 */
export class Guardian implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #watched = new Set<number>();

  private constructor(process: Deno.ChildProcess) {
    this.#process = process;
    this.#input = process.stdin.getWriter();
  }

  /** Starts one that removes `folder` at the end. */
  static start(folder: string): Guardian {
    const command = new Deno.Command("/bin/sh", {
      args: ["-c", SCRIPT, "guardian", folder],
      cwd: "/",
      stdin: "piped",
      stdout: "null",
      stderr: "null",
      // Of a session of its own: what a terminal sends is for the one who waits for it.
      detached: true,
    });
    return new Guardian(command.spawn());
  }

  /** Starts a program that does not outlive this process, and is told nothing by the terminal. */
  async spawn(program: string, options: GuardedOptions): Promise<Deno.ChildProcess> {
    const child = new Deno.Command("/bin/sh", {
      ...options,
      args: ["-c", GATE, "gate", program, ...options.args],
      stdin: "piped",
      detached: true,
    }).spawn();
    this.#watched.add(child.pid);
    await this.#tell();
    const gate = child.stdin.getWriter();
    await gate.write(new TextEncoder().encode("go\n"));
    await gate.close();
    child.status.then(() => {
      this.#watched.delete(child.pid);
      return this.#tell();
    }).catch(() => {
      // It was told to go meanwhile.
    });
    return child;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close();
    await this.#process.status;
  }

  #tell(): Promise<void> {
    return this.#input.write(new TextEncoder().encode(`${[...this.#watched].join(" ")}\n`));
  }
}
