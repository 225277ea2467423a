/** Programs of Prometheus that tests use. */
export interface PrometheusTools {
  readonly prometheus: string;
  readonly promtool: string;
  readonly amtool: string;
}

/** Which of Debian's packages each of them is in. */
const PACKAGES: Readonly<Record<keyof PrometheusTools, string>> = {
  prometheus: "prometheus",
  promtool: "prometheus",
  amtool: "prometheus-alertmanager",
};

/**
 * Finds the programs: on the PATH, else unpacked from Debian's packages in a cache folder (below `XDG_CACHE_HOME`, else
 * `~/.cache`). Nothing is installed, so no service starts and no dependencies come: they are static.
 *
 * @returns in words why they cannot be had, where that is so
 */
export async function findPrometheusTools(): Promise<PrometheusTools | string> {
  const names = ["prometheus", "promtool", "amtool"] as const;
  const folder = cacheFolder();
  const missing = names.filter((name) => onPath(name) === undefined && !isFile(`${folder}/usr/bin/${name}`));
  const packages = [...new Set(missing.map((name) => PACKAGES[name]))];
  if (packages.length > 0) {
    const failure = await unpack(packages, folder);
    if (failure !== undefined) {
      return `${missing.join(", ")} must be on the PATH, or apt-get be able to download ${
        packages.join(" and ")
      }: ${failure}`;
    }
  }
  const pathOf = (name: string): string => onPath(name) ?? `${folder}/usr/bin/${name}`;
  return { prometheus: pathOf("prometheus"), promtool: pathOf("promtool"), amtool: pathOf("amtool") };
}

/** Resolves to what went wrong. */
async function unpack(packages: readonly string[], folder: string): Promise<string | undefined> {
  const downloads = await Deno.makeTempDir({ prefix: "zen-watcher-packages-" });
  try {
    const download = ["apt-get", "download", ...packages];
    // Lists that are absent or old name files that are no more: then they are fetched, which needs root.
    if (await run(download, downloads) !== undefined) {
      const failure = await run(["apt-get", "update"], downloads) ?? await run(download, downloads);
      if (failure !== undefined) return failure;
    }
    await Deno.mkdir(folder, { recursive: true });
    for await (const { name } of Deno.readDir(downloads)) {
      if (!name.endsWith(".deb")) continue;
      const failure = await run(["dpkg-deb", "--extract", name, folder], downloads);
      if (failure !== undefined) return failure;
    }
    return undefined;
  } finally {
    await Deno.remove(downloads, { recursive: true });
  }
}

/** Resolves to what a program said when it failed. */
async function run([program = "", ...args]: readonly string[], cwd: string): Promise<string | undefined> {
  try {
    const { success, stderr } = await new Deno.Command(program, {
      args,
      cwd,
      stdout: "null",
      stderr: "piped",
    })
      .output();
    return success ? undefined : new TextDecoder().decode(stderr).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return `there is no ${program}`;
    throw error;
  }
}

function cacheFolder(): string {
  const cache = Deno.env.get("XDG_CACHE_HOME") ?? "";
  return `${
    cache.startsWith("/") ? cache : `${Deno.env.get("HOME") ?? "/tmp"}/.cache`
  }/zen-watcher/prometheus`;
}

function onPath(name: string): string | undefined {
  const folders = (Deno.env.get("PATH") ?? "").split(":").filter((folder) => folder !== "");
  return folders.map((folder) => `${folder}/${name}`).find(isFile);
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
