import {describe, expect, it} from 'vitest';
import {CommandError} from '../../../src/host/command-error.ts';
import type {Command, Host} from '../../../src/host/host.ts';
import {parseManifest} from '../../../src/networks/manifest.ts';
import {applyObjects, deleteObjects, isApplied} from '../../../src/stages/lib/network-objects.ts';

const {signal} = new AbortController();
const running = {signal, log: () => undefined};
const manifest = `
{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: agent}}
---
{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: pools.example.org}}
---
{apiVersion: example.org/v1, kind: Pool, metadata: {name: one}}
---
{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: network-attachment-definitions.k8s.cni.cncf.io}}
`;

/** As kubectl 1.20 and 1.36 print it. */
const messages = [
  'error: unable to recognize "STDIN": no matches for kind "Pool" in version "example.org/v1"',
  'error: resource mapping not found for name: "one" namespace: "" from "STDIN": no matches for kind "Pool" in version "example.org/v1"\nensure CRDs are installed first',
];

/** Fails the first calls with these texts. */
const failing = (...texts: readonly string[]): Host & {readonly inputs: string[]} => {
  const left = [...texts];
  const inputs: string[] = [];
  return {
    inputs,
    run: async (command: Command, {input} = {}) => {
      inputs.push(String(input));
      const output = left.shift();
      if (output !== undefined)
        throw new CommandError(command, {reason: 'exit code 1', output, exitStatus: 1});
      return {stdout: '', stderr: ''};
    },
  };
};
const kindsIn = (text: string | undefined): readonly string[] =>
  parseManifest(text ?? '').map(({kind}) => kind);

describe.each(messages)('objects of a kind that is not defined: %s', (message) => {
  it('do not exist', async () => {
    expect(await isApplied(failing(message), manifest, signal)).toBe(false);
  });

  it('are created when the kind is known', async () => {
    const host = failing(message, message);
    await applyObjects(host, manifest, running);
    expect(host.inputs).toEqual([manifest, manifest, manifest]);
  });

  it('do not keep others from being deleted', async () => {
    const host = failing(message);
    await deleteObjects(host, manifest, running);
    expect(host.inputs.map(kindsIn)).toEqual([
      ['DaemonSet', 'CustomResourceDefinition', 'Pool'],
      ['DaemonSet', 'CustomResourceDefinition'],
    ]);
  });
});

describe('another error', () => {
  it('is reported', async () => {
    const refused = 'Error from server (Forbidden): pods is forbidden';
    for (const work of [
      isApplied(failing(refused), manifest, signal),
      deleteObjects(failing(refused), manifest, running),
    ])
      await expect(work).rejects.toMatchObject({output: refused});
    await expect(applyObjects(failing(refused), manifest, running)).rejects.toMatchObject({output: refused});
  });
});
