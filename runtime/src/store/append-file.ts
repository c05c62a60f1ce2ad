/** Appends to a file so that a failed write harms neither earlier nor later lines. */
import {type FileHandle, open} from 'node:fs/promises';
import {replace, syncDirectoryOf} from '../lib/durable-file.ts';

/** Not for concurrent use: each call must have ended before the next one. Only `append` and `sync` may run together. */
export interface AppendFile {
  /** Whole lines. When this rejects, none of them counts. Without `synced` they survive a crash of the process only. */
  readonly append: (lines: string, synced: boolean) => Promise<void>;
  /** When it resolves, the lines that were appended before the call survive a power loss. */
  readonly sync: () => Promise<void>;
  /** Replaces the whole content in one step. */
  readonly replace: (text: string) => Promise<void>;
  /** In bytes. */
  readonly size: () => number;
  /** A later append opens the file again. */
  readonly close: () => Promise<void>;
}

/** `size` and `torn` describe the file as it was read; `torn`: its last line was cut off. */
export const createAppendFile = (path: string, read: {size: number; torn: boolean}): AppendFile => {
  let {size, torn} = read;
  /** Whether bytes of a failed write may still follow the first `size` bytes. */
  let hasRemains = false;
  let file: Promise<FileHandle> | undefined;

  /** The directory entry is synced, too: a file that was read may have been renamed just before a crash. */
  const openFile = async (): Promise<FileHandle> => {
    const handle = await open(path, 'a', 0o600);
    try {
      await syncDirectoryOf(path);
      return handle;
    } catch (error) {
      await handle.close();
      throw error;
    }
  };

  const opened = (): Promise<FileHandle> => {
    file ??= openFile().catch((error: unknown) => {
      file = undefined;
      throw error;
    });
    return file;
  };

  const close = async (): Promise<void> => {
    const handle = file;
    file = undefined;
    await (await handle)?.close();
  };

  /** Truncating can fail as well: on a read-only file system, or if the file is append-only. */
  const removeRemains = async (handle: FileHandle): Promise<void> => {
    hasRemains = await handle.truncate(size).then(
      () => false,
      () => true,
    );
  };

  return {
    append: async (lines, synced) => {
      const handle = await opened();
      if (hasRemains) await removeRemains(handle);
      const start = hasRemains ? (await handle.stat()).size : size;
      const text = torn || hasRemains ? `\n${lines}` : lines; // or the first line would continue the torn one
      try {
        await handle.appendFile(text);
        if (synced) await handle.datasync();
      } catch (error) {
        await removeRemains(handle); // half a line would damage the next one
        throw error;
      }
      size = start + Buffer.byteLength(text);
      torn = false;
      hasRemains = false;
    },
    sync: async () => {
      const handle = await opened();
      try {
        await handle.datasync();
      } catch (error) {
        torn = true; // the end of the last line may not reach the disk
        throw error;
      }
    },
    replace: async (text) => {
      await replace(path, text);
      size = Buffer.byteLength(text);
      torn = false;
      hasRemains = false;
      await close().catch(() => undefined); // the handle is that of the old file
    },
    size: () => size,
    close,
  };
};
