/** A project in TypeScript, as `runtime new` creates it, for the chapters that put it on the nodes. */

import {readFile, writeFile} from 'node:fs/promises';
import {afterAll, afterEach, beforeAll, expect} from 'vitest';
import {type TempDir, tempDir} from '../temp-dir.ts';
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
  /** `kni-demo runtime use default` without waiting for its end. It is killed if it outlives the test. */
  startUseDefault(): Running;
  /** `kni-demo runtime dev` with the project. It is killed if it outlives the test. */
  develop(): Running;
}

/** A project for the tests of one file. Exists from their `beforeAll` on. At their end our own runtime is back on all nodes. */
export const useOwnRuntime = (): OwnRuntime => {
  let dir: TempDir;
  let running: Running | undefined;
  const directory = (): string => dir.join('hello');
  const file = (): string => dir.join('hello/runtime.ts');
  beforeAll(async () => {
    dir = await tempDir();
    await kniDemo('runtime', 'new', directory());
  });
  // A failed test must not keep the lock from the next one.
  afterEach(async () => {
    running?.kill();
    await running?.ended;
  });
  afterAll(async () => {
    await useDefault();
    await dir[Symbol.asyncDispose]();
  });
  return {
    get directory() {
      return directory();
    },
    async edit(change) {
      const text = await readFile(file(), 'utf8');
      const changed = change(text);
      expect(changed).not.toBe(text);
      await writeFile(file(), changed);
      return text;
    },
    write: (text) => writeFile(file(), text),
    use: () => use(directory()),
    startUseDefault: () => (running = start('runtime', 'use', 'default', ...named, '--yes', ...lock)),
    develop: () => (running = start('runtime', 'dev', directory(), ...named, '--yes', ...lock)),
  };
};

const use = (what: string): Promise<Ended> => kniDemo('runtime', 'use', what, ...named, '--yes', ...lock);

export const useDefault = (): Promise<Ended> => use('default');

/** The program that kni.service runs on the worker. */
export const programOnWorker = (): Promise<string> =>
  shell(worker, 'tr "\\0" " " <"/proc/$(systemctl show kni --property=MainPID --value)/cmdline"');

export const sampleUid = (): Promise<string> => value('.metadata.uid', 'pod', sample);

/** An edit after which pods get no network. */
export const refuseNetworks = (text: string): string =>
  text.replace(/async createNetwork\(request\) \{/, "$&\n      throw new Error('no room');");
