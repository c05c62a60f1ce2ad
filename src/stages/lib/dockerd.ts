/** Docker engines on this machine that do not run: whether one could be used. */

import {join} from 'node:path';
import {CommandError} from '../../host/command-error.ts';
import type {Host} from '../../host/host.ts';
import type {Machine} from '../../host/machine.ts';
import {type Finding, missing, there} from './requirement.ts';

/** Engines before 23 ask for every capability that a privileged container could have, not for those there are. */
const asksForAll = (version: string): boolean => Number.parseInt(version, 10) < 23;

export const fitting = async (version: string, machine: Machine): Promise<Finding> =>
  asksForAll(version) && (await machine.lacksCapabilities())
    ? missing(`engine ${version} cannot run privileged containers on this machine`, {
        advice:
          'some capability is missing from the bounding set, and this engine asks for all: stop it, and run again',
      })
    : there(`engine ${version}`);

export const dockerdIn = (root: string): string => join(root, 'usr/sbin/dockerd');

/** The machine's own dockerd, where it runs at all and can run privileged containers here. */
export const usableDockerd = async (host: Host, machine: Machine): Promise<string | undefined> => {
  const dockerd = await machine.whereIs('dockerd');
  if (dockerd === undefined) return undefined;
  try {
    const {stdout} = await host.run([dockerd, ['--version']], {timeout: 10_000});
    const version = /version (\d[^\s,]*)/.exec(stdout)?.[1] ?? '0';
    return asksForAll(version) && (await machine.lacksCapabilities()) ? undefined : dockerd;
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
};

export const otherSystems =
  'install docker with your system, for example: dnf install moby-engine && systemctl enable --now docker';
