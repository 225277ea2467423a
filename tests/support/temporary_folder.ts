/** A folder of its own, which is removed at the end. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

/** Makes one below the system's folder for such. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await Deno.makeTempDir({ prefix: "zen-watcher-test-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
