import { type Disk, systemDisk } from "../../src/run/disk.ts";

/** The real disk, which a test fills up, makes read-only or breaks. */
export interface FaultyDisk extends Disk {
  /** How many more bytes it takes; undefined: all. What is above is written in part, as a full disk does it. */
  room: number | undefined;
  /** True: nothing is made, written or removed. */
  isReadOnly: boolean;
  /** True: a sync fails. */
  failsSync: boolean;
  /** True: nothing can be read, for a while. */
  failsRead: boolean;
  /** How often a file was synced. */
  syncs: number;
  /** How often a folder was synced. */
  folderSyncs: number;
}

/** Makes one, on which all is well at first. */
export function faultyDisk(): FaultyDisk {
  const refuse = (): void => {
    if (disk.isReadOnly) throw new Error("Read-only file system (os error 30)");
  };
  const disk: FaultyDisk = {
    ...systemDisk,
    room: undefined,
    isReadOnly: false,
    failsSync: false,
    failsRead: false,
    syncs: 0,
    folderSyncs: 0,
    async makeFolder(path) {
      refuse();
      await systemDisk.makeFolder(path);
    },
    async open(path) {
      refuse();
      const file = await systemDisk.open(path);
      return {
        async append(bytes) {
          const room = disk.room ?? bytes.byteLength;
          await file.append(bytes.subarray(0, room));
          if (disk.room !== undefined) disk.room = Math.max(0, disk.room - bytes.byteLength);
          if (room < bytes.byteLength) throw new Error("No space left on device (os error 28)");
        },
        async sync() {
          disk.syncs++;
          if (disk.failsSync) throw new Error("Input/output error (os error 5)");
          await file.sync();
        },
        truncate: (length) => file.truncate(length),
        close: () => file.close(),
      };
    },
    async replace(path, bytes) {
      refuse();
      if (disk.room !== undefined && disk.room < bytes.byteLength) throw new Error("No space left on device");
      await systemDisk.replace(path, bytes);
    },
    readAt(path, at, length) {
      if (disk.failsRead) return Promise.reject(new Error("Too many open files (os error 24)"));
      return systemDisk.readAt(path, at, length);
    },
    async remove(path) {
      refuse();
      await systemDisk.remove(path);
    },
    async syncFolder(path) {
      disk.folderSyncs++;
      await systemDisk.syncFolder(path);
    },
  };
  return disk;
}
