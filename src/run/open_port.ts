const TAKEN: ReadonlySet<unknown> = new Set(["EADDRINUSE", "EADDRNOTAVAIL", "EACCES"]);

/**
 * Opens a port.
 *
 * @param setting which says what port it is, for the sentence
 * @throws saying which setting to change when the port cannot be had; whatever else `open` throws as it is
 */
export async function openPort<T>(setting: string, port: number, open: () => T | Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (cause) {
    if (!(cause instanceof Error) || !("code" in cause) || !TAKEN.has(cause.code)) throw cause;
    throw new Error(
      `Cannot listen on port ${port}: give another ${setting} if something else listens there`,
      { cause },
    );
  }
}
