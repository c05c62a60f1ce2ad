/** Tells which docker engines can run kind's privileged containers on this machine. */

import {join} from 'node:path';
import {CommandError} from '../../host/command-error.ts';
import type {Host} from '../../host/host.ts';
import type {Machine} from '../../host/machine.ts';
import {adviseOn, type Finding, present} from './requirement.ts';

/** Engines before 23 request every capability for a privileged container, even those that the host does not grant. */
const requestsAllCapabilities = (version: string): boolean => Number.parseInt(version, 10) < 23;

export const checkEngineVersion = async (version: string, machine: Machine): Promise<Finding> =>
  requestsAllCapabilities(version) && (await machine.lacksCapabilities())
    ? adviseOn(
        `engine ${version} cannot run privileged containers on this machine`,
        'this engine requests all capabilities, and the bounding set lacks some: stop it, and run again',
      )
    : present(`engine ${version}`);

export const dockerdIn = (root: string): string => join(root, 'usr/sbin/dockerd');

/** The path of the machine's own dockerd, if that can run privileged containers. */
export const usableDockerd = async (host: Host, machine: Machine): Promise<string | undefined> => {
  const dockerd = await machine.whereIs('dockerd');
  if (dockerd === undefined) return undefined;
  try {
    const {stdout} = await host.run([dockerd, ['--version']], {timeout: 10_000});
    const version = /version (\d[^\s,]*)/.exec(stdout)?.[1] ?? '0';
    return requestsAllCapabilities(version) && (await machine.lacksCapabilities()) ? undefined : dockerd;
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
};

/** Advice for systems other than Debian. */
export const installWithSystem =
  'install docker with your system, for example: dnf install moby-engine && systemctl enable --now docker';
