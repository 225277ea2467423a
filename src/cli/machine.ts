import { statfsSync } from "node:fs";
import type { Disk } from "../run/disk.ts";
import { systemDisk } from "../run/disk.ts";

/** What the doctor asks of this machine; handed in, so that tests need none. */
export interface Machine {
  readonly disk: Disk;
  /** Whether this process has a permission for a path. */
  isGranted(name: "read" | "write", path: string): boolean;
  /** Why a file cannot be opened for reading; undefined when it can. Nothing of it is read. */
  unreadable(path: string): string | undefined;
  /** Bytes of all files in a folder and in the folders in it. */
  bytesBelow(folder: string): Promise<number>;
  /** Bytes that may still be written where a folder lies; undefined when that cannot be seen. */
  freeBytes(folder: string): number | undefined;
  /** Opens a port for a moment. */
  tryPort(hostname: string, port: number): PortState;
  /** What a server on this machine answers to a GET, cut at a megabyte; undefined when there is no good answer. */
  ask(url: string, signal: AbortSignal): Promise<string | undefined>;
}

/** Whether a port can be opened. */
export type PortState =
  | { readonly kind: "free" | "in-use" }
  | { readonly kind: "refused"; readonly message: string };

const MAX_ANSWER_BYTES = 1024 * 1024;

/** This machine. */
export const systemMachine: Machine = {
  disk: systemDisk,
  isGranted: (name, path) => Deno.permissions.querySync({ name, path }).state === "granted",
  unreadable(path) {
    try {
      Deno.openSync(path, { read: true }).close();
      return undefined;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return "there is no such file";
      if (error instanceof Deno.errors.NotCapable) {
        return `this process must be granted --allow-read=${path}`;
      }
      return error instanceof Error ? error.message : String(error);
    }
  },
  async bytesBelow(folder) {
    let bytes = 0;
    for (const name of await systemDisk.files(folder)) bytes += await sizeOf(`${folder}/${name}`);
    for (const name of await systemDisk.folders(folder)) {
      bytes += await systemMachine.bytesBelow(`${folder}/${name}`);
    }
    return bytes;
  },
  freeBytes(folder) {
    try {
      const { bavail, bsize } = statfsSync(folder);
      return bavail * bsize;
    } catch {
      return undefined;
    }
  },
  tryPort(hostname, port) {
    try {
      Deno.listen({ hostname, port }).close();
      return { kind: "free" };
    } catch (error) {
      if (error instanceof Deno.errors.AddrInUse) return { kind: "in-use" };
      return { kind: "refused", message: error instanceof Error ? error.message : String(error) };
    }
  },
  async ask(url, signal) {
    try {
      const response = await fetch(url, { signal, redirect: "error" });
      const text = await readCut(response);
      return response.ok ? text : undefined;
    } catch {
      signal.throwIfAborted();
      return undefined;
    }
  },
};

/** A file that is gone meanwhile has none. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

async function readCut(response: Response): Promise<string> {
  if (response.body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body) {
    text += decoder.decode(chunk, { stream: true });
    bytes += chunk.byteLength;
    if (bytes >= MAX_ANSWER_BYTES) break;
  }
  return text;
}
