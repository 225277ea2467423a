import assert from "node:assert/strict";
import { ensureBinaries } from "./binaries.ts";

/** A go that writes empty programs, and notes each build beside itself. */
const GO = `#!/bin/sh
folder=$(dirname "$0")
if [ "$1" = version ]; then cat "$folder/version"; exit 0; fi
while [ $# -gt 1 ]; do [ "$1" = -o ] && output=$2; shift; done
echo "$1" >>"$folder/builds"
echo "go: downloading example.com/a v1.0.0" >&2
echo "example.com/a" >&2
if [ -e "$folder/broken" ]; then echo "a.go:1: no such thing" >&2; exit 1; fi
: >"$output"
`;

class Machine implements AsyncDisposable {
  readonly folder: string = Deno.makeTempDirSync({ prefix: "zen-watcher-binaries-" });
  readonly reported: string[] = [];

  static async withGo(version: string): Promise<Machine> {
    const machine = new Machine();
    await Deno.mkdir(`${machine.folder}/bin`);
    await Deno.writeTextFile(`${machine.folder}/bin/go`, GO, { mode: 0o755 });
    await Deno.writeTextFile(`${machine.folder}/bin/version`, `go version ${version} linux/amd64\n`);
    return machine;
  }

  ensure(environment: Readonly<Record<string, string>> = {}): ReturnType<typeof ensureBinaries> {
    const all: Readonly<Record<string, string>> = {
      PATH: `${this.folder}/bin:/usr/bin:/bin`,
      XDG_CACHE_HOME: `${this.folder}/cache`,
      ...environment,
    };
    return ensureBinaries((line) => this.reported.push(line), (name) => all[name]);
  }

  async builds(): Promise<readonly string[]> {
    return (await Deno.readTextFile(`${this.folder}/bin/builds`)).trim().split("\n");
  }

  /** What lies in the cache, without the names' changing parts. */
  async cached(): Promise<readonly string[]> {
    const names = await Array.fromAsync(Deno.readDir(`${this.folder}/cache/zen-watcher/control-plane`));
    return names.map(({ name }) => name.replace(/^v\d+\.\d+\.\d+-\w+-\w+-[0-9a-f]{12}/, "KEY")).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

const BUILDS = ["go.etcd.io/etcd/server/v3", "k8s.io/kubernetes/cmd/kube-apiserver"];

Deno.test("KUBEBUILDER_ASSETS names the folder of both", async () => {
  await using machine = new Machine();
  const { folder } = machine;
  for (const name of ["etcd", "kube-apiserver"]) await Deno.writeTextFile(`${folder}/${name}`, "");
  assert.deepEqual(await machine.ensure({ KUBEBUILDER_ASSETS: folder }), {
    etcd: `${folder}/etcd`,
    kubeApiserver: `${folder}/kube-apiserver`,
  });
  assert.deepEqual(machine.reported, []);
});

Deno.test("KUBEBUILDER_ASSETS without one of them is said, and nothing is built instead", async () => {
  await using machine = await Machine.withGo("go1.26.0");
  const { folder } = machine;
  await Deno.writeTextFile(`${folder}/etcd`, "");
  await assert.rejects(machine.ensure({ KUBEBUILDER_ASSETS: folder }), {
    message:
      `Cannot use KUBEBUILDER_ASSETS: ${folder} must hold etcd and kube-apiserver; there is no kube-apiserver`,
  });
  assert.deepEqual(machine.reported, []);
});

Deno.test("both are built once, with progress, and found from then on", async () => {
  await using machine = await Machine.withGo("go1.26.0");
  const built = await machine.ensure();
  assert.ok((await Deno.stat(built.etcd)).isFile);
  assert.ok((await Deno.stat(built.kubeApiserver)).isFile);
  assert.match(
    machine.reported[0] ?? "",
    /^Building etcd and kube-apiserver v\d+\.\d+\.\d+ into \/.*; this happens once/,
  );
  assert.match(
    machine.reported.at(-1) ?? "",
    /^Built kube-apiserver \(2 of 2\): \d+ s, 1 packages compiled, 1 modules downloaded$/,
  );
  assert.deepEqual(await machine.ensure(), built);
  assert.deepEqual(await machine.builds(), BUILDS);
  assert.deepEqual(await machine.cached(), ["KEY", "KEY.lock"]);
});

Deno.test("of several that need them at once, one builds and the others wait", async () => {
  await using machine = await Machine.withGo("go1.27.3");
  await Promise.all([machine.ensure(), machine.ensure(), machine.ensure()]);
  assert.deepEqual(await machine.builds(), BUILDS);
  assert.ok(
    machine.reported.some((line) => line.startsWith("Waiting for another process that builds the same")),
  );
});

Deno.test("a failed build says why and leaves nothing; the next one goes through", async () => {
  await using machine = await Machine.withGo("go1.26.0");
  await Deno.writeTextFile(`${machine.folder}/bin/broken`, "");
  await assert.rejects(machine.ensure(), {
    message: /^Cannot build go\.etcd\.io\/etcd\/server\/v3: exit code 1\n(.*\n)*a\.go:1: no such thing$/,
  });
  assert.deepEqual(await machine.cached(), ["KEY.lock"]);
  await Deno.remove(`${machine.folder}/bin/broken`);
  await machine.ensure();
  assert.deepEqual(await machine.cached(), ["KEY", "KEY.lock"]);
});

Deno.test("what a killed build left behind is removed, and a folder that lost a program is built again", async () => {
  await using machine = await Machine.withGo("go1.26.0");
  const { etcd, kubeApiserver } = await machine.ensure();
  const partial = etcd.replace(/\/etcd$/, ".partial-1");
  await Deno.mkdir(partial);
  await Deno.remove(kubeApiserver);
  await machine.ensure();
  assert.ok((await Deno.stat(kubeApiserver)).isFile);
  assert.deepEqual(await machine.cached(), ["KEY", "KEY.lock"]);
});

const withoutGo: readonly { readonly name: string; readonly version?: string; readonly says: string }[] = [
  { name: "a missing Go", says: "there is no go on the PATH" },
  { name: "an old Go", version: "go1.25.9", says: "it says: go version go1.25.9 linux/amd64" },
];
for (const { name, version, says } of withoutGo) {
  Deno.test(`${name} is a sentence that says what to install`, async () => {
    await using machine = version === undefined ? new Machine() : await Machine.withGo(version);
    await assert.rejects(
      machine.ensure({ PATH: `${machine.folder}/bin` + (version === undefined ? "" : ":/usr/bin:/bin") }),
      {
        message:
          "Cannot build etcd and kube-apiserver: Go 1.26 or newer must be installed (https://go.dev/dl), " +
          `or KUBEBUILDER_ASSETS must name a folder that holds both; ${says}`,
      },
    );
  });
}

Deno.test("without a cache folder it says what must be set", async () => {
  await using machine = new Machine();
  await assert.rejects(machine.ensure({ XDG_CACHE_HOME: "relative" }), {
    message: "Cannot find a cache folder: HOME or XDG_CACHE_HOME must be set",
  });
});
