/** Parts of the checks with hostile input. */

import {isAbsolute, normalize} from 'node:path';
import {CallFailed, type KniCalls, outcomeOf} from '../kni-client.ts';
import type {Pod} from '../pods.ts';
import type {Probe} from '../probe.ts';
import type {Requirement} from '../requirement.ts';
import {runtimePaths} from '../runtime-process.ts';
import {expectThat, Violation} from '../violation.ts';

export const confined = 'CNI 1.1.0, section 2: parameters are validated';
const escapes = ['../../escaped', '/run/escaped', 'a/../../../escaped', '..', 'a\0b', '-rf'];

/** A field that becomes part of a file name must not lead out of the directory of netns. */
export const staysInside = (id: string, field: 'name' | 'namespace' | 'uid' | 'attempt'): Requirement => ({
  id,
  level: 'MUST',
  source: confined,
  title: `creates no netns outside its directory for an invalid ${field}`,
  needs: 'node',
  async run(probe) {
    for (const value of escapes) {
      const {namespace, name, uid, attempt}: Pod = {...probe.pod(), [field]: value};
      const created = await answerOf(probe.kni.createNetwork({namespace, name, uid, extradata: {attempt}}));
      if (created === undefined) continue;
      const {netnsPath} = created;
      await probe.kni.deleteNetwork({netnsPath}).catch(() => undefined);
      const isInside =
        isAbsolute(netnsPath) &&
        normalize(netnsPath) === netnsPath &&
        netnsPath.startsWith(`${runtimePaths.netns}/`);
      expectThat(
        isInside,
        `an error, or a path below ${runtimePaths.netns}`,
        `the netns is ${JSON.stringify(netnsPath)}`,
      );
    }
  },
});

export const refusesId = (
  id: string,
  method: 'attachInterface' | 'queryPodNetwork' | 'detachInterface' | 'deleteNetwork',
): Requirement => ({
  id,
  level: 'SHOULD',
  source: confined,
  title: `answers INVALID_ARGUMENT to ${method[0]?.toUpperCase()}${method.slice(1)} with an invalid sandbox id`,
  needs: 'socket',
  async run({kni}) {
    for (const value of ['../../etc', 'a/b', 'a;b', '$(id)', 'a\0b']) {
      const outcome = await outcomeOf(kni[method]({id: value}));
      expectThat(
        outcome === 'INVALID_ARGUMENT',
        `INVALID_ARGUMENT for ${JSON.stringify(value)}`,
        `the status is ${outcome}`,
      );
    }
  },
});

/** The answer; undefined if the runtime refused the request. */
export const answerOf = async <T>(call: Promise<T>): Promise<T | undefined> => {
  try {
    return await call;
  } catch (error) {
    if (error instanceof CallFailed && !error.isLate) return undefined;
    throw error;
  }
};

/** A file and a netns of other programs, which the runtime must not touch. */
export const foreign = {
  file: '/run/conformance-file',
  netns: `${runtimePaths.netns}/conformance-foreign`,
} as const;

export const withForeign = async ({node}: Probe, work: () => Promise<void>): Promise<void> => {
  const {file, netns} = foreign;
  await node.run([
    'sh',
    ['-c', `mkdir -p ${runtimePaths.netns} && touch ${file} ${netns} && unshare --net=${netns} true`],
  ]);
  await work();
  const type = (
    await node.run(['sh', ['-c', `stat ${file} >/dev/null && stat -f -c %T ${netns} || true`]])
  ).trim();
  await node.run(['sh', ['-c', `umount ${netns}; rm -f ${netns} ${file}`]]).catch(() => undefined);
  expectThat(
    type === 'nsfs',
    `${file} and ${netns} of other programs to stay`,
    `of them is left: ${type || 'nothing'}`,
  );
};

export const survives = async ({kni}: {readonly kni: KniCalls}): Promise<void> => {
  await kni.queryNodeNetworks({}).catch((error: unknown): never => {
    throw new Violation('an answer to the next call', error instanceof Error ? error.message : String(error));
  });
};
