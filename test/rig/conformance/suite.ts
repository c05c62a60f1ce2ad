/** The parts that the tests of the conformance suite share. */
import type {Host} from '../../../src/host/host.ts';
import {localHost} from '../../../src/host/process.ts';

/** A host whose programs find iproute2, iptables and the like. */
export const hostWithTools = (env: Readonly<Record<string, string>>): Host => {
  const host = localHost();
  return {run: (command, options) => host.run(command, {...options, env: {...env, ...options?.env}})};
};
