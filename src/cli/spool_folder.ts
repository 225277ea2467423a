const IN_A_POD = "/var/lib/zen-watcher/spool";
const ELSEWHERE = ".zen-watcher/spool";

/** Where the spool lies: SPOOL_DIR, else a place that fits where the program runs. */
export function spoolFolder(
  given: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const folder = given ?? (environment["KUBERNETES_SERVICE_HOST"] ? IN_A_POD : ELSEWHERE);
  return folder.length > 1 ? folder.replace(/\/+$/, "") : folder;
}

/**
 * Why a folder cannot be used with the permissions of this process, and which flag would give them; undefined when it can
 * be.
 *
 * @param isGranted whether this process has a permission for a path
 */
export function folderProblem(
  folder: string,
  isGranted: (name: "read" | "write", path: string) => boolean,
): string | undefined {
  const missing = (["read", "write"] as const).filter((name) => !isGranted(name, folder));
  if (missing.length === 0) return undefined;
  const flags = missing.map((name) => `--allow-${name}=${folder}`).join(" ");
  return `Cannot use SPOOL_DIR: this process must be granted ${flags}, given ${folder}`;
}
