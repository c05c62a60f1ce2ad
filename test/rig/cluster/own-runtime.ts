/** A project in TypeScript, as `runtime new` creates it, for the chapters that put it on the nodes. */

import {readFile, writeFile} from 'node:fs/promises';
import {expect} from 'vitest';
import {tempDir} from '../temp-dir.ts';
import {named, shell, value, worker} from './cluster.ts';
import {type Ended, kniDemo, type Running, start} from './kni-demo.ts';
import {sample} from './pods.ts';

/** Several commands wait for the lock of a command that was killed. */
const lock = ['--lock-timeout', '5m'] as const;

export interface OwnRuntime {
  readonly directory: string;
  /** Changes runtime.ts. Returns its text from before. */
  edit(change: (text: string) => string): Promise<string>;
  write(text: string): Promise<void>;
  /** `kni-demo runtime use` with the project. */
  use(): Promise<Ended>;
  /** `kni-demo runtime dev` with the project. */
  develop(): Running;
  [Symbol.asyncDispose](): Promise<void>;
}

export const createOwnRuntime = async (): Promise<OwnRuntime> => {
  const dir = await tempDir();
  const directory = dir.join('hello');
  const file = dir.join('hello/runtime.ts');
  await kniDemo('runtime', 'new', directory);
  return {
    directory,
    async edit(change) {
      const text = await readFile(file, 'utf8');
      const changed = change(text);
      expect(changed).not.toBe(text);
      await writeFile(file, changed);
      return text;
    },
    write: (text) => writeFile(file, text),
    use: () => use(directory),
    develop: () => start('runtime', 'dev', directory, ...named, '--yes', ...lock),
    [Symbol.asyncDispose]: async () => dir[Symbol.asyncDispose](),
  };
};

const use = (what: string): Promise<Ended> => kniDemo('runtime', 'use', what, ...named, '--yes', ...lock);

export const useDefault = (): Promise<Ended> => use('default');
/** The same without waiting for its end. */
export const startUseDefault = (): Running => start('runtime', 'use', 'default', ...named, '--yes', ...lock);

/** The program that kni.service runs on the worker. */
export const programOnWorker = (): Promise<string> =>
  shell(worker, 'tr "\\0" " " <"/proc/$(systemctl show kni --property=MainPID --value)/cmdline"');

export const sampleUid = (): Promise<string> => value('.metadata.uid', 'pod', sample);

/** An edit after which pods get no network. */
export const refuseNetworks = (text: string): string =>
  text.replace(/async createNetwork\(request\) \{/, "$&\n      throw new Error('no room');");
