import {describe, expect, it} from 'vitest';
import {CommandError} from '../../../src/host/command-error.ts';
import type {Command, Host} from '../../../src/host/host.ts';
import {project} from '../../../src/project.ts';
import {loadStack} from '../../../src/stacks/load.ts';
import type {Component} from '../../../src/stacks/own-source.ts';
import type {InstalledPrograms} from '../../../src/stages/lib/installed-programs.ts';
import type {ResolvedSource} from '../../../src/stages/lib/resolve-own-source.ts';
import {programsTask} from '../../../src/stages/setup/programs.ts';
import {listNodeContainers} from '../../../src/tools/docker.ts';
import {demoContext, node, printed, rejection} from '../../rig/demo.ts';
import {tempDir} from '../../rig/temp-dir.ts';

const [control, worker] = ['test1-control-plane', 'test1-worker'] as const;
const tag = '0123456789abcdef';
const fingerprint = tag.repeat(4);
const stack = await loadStack('bookworm', project.stacks);
const current: InstalledPrograms = {runtime: tag};
const running = {
  fingerprint,
  fingerprintOf: () => fingerprint,
  signal: new AbortController().signal,
  log: () => undefined,
};
const sourceOf = (component: Component): ResolvedSource => ({
  component,
  place: {kind: 'directory', path: '/src'},
  revision: 'abcdef0123456789',
  patched: true,
});

interface FakeNodes extends Host {
  readonly installed: Record<string, InstalledPrograms>;
  /** What changed the nodes: `test1-worker: systemctl restart kni`. */
  readonly changes: readonly string[];
}

/** Two nodes with these programs. They report the given version of containerd, and renew their leases. */
const fakeNodes = (
  installed: Record<string, InstalledPrograms>,
  {containerd = stack.containerd.version, failing = '', users = ''} = {},
): FakeNodes => {
  const changes: string[] = [];
  const change = (command: Command, line: string): string => {
    changes.push(line);
    if (failing !== '' && line.endsWith(failing)) throw new CommandError(command, {reason: 'exit code 1'});
    return '';
  };
  const answer = (command: Command, input = ''): string => {
    const [file, args] = command;
    if (JSON.stringify(command) === JSON.stringify(listNodeContainers('test1')))
      return printed(node(control), node(worker)).join('\n');
    if (args[0] === 'cp') return change(command, `copy ${args[1]?.split('/').at(-1)} to ${args[2]}`);
    if (file !== 'docker') throw new Error(`unexpected command: ${file}`);
    const [name = '', ...inside] = args.slice(args[1] === '-i' ? 2 : 1);
    const script = inside.join(' ');
    if (script.includes('cat /opt/kni/own-programs.json')) return JSON.stringify(installed[name] ?? {});
    if (script.includes('cat >/opt/kni/own-programs.json')) {
      installed[name] = JSON.parse(input) as InstalledPrograms;
      return '';
    }
    if (script.includes('50-user-runtime.conf')) return users;
    if (script.includes(' leases ')) return JSON.stringify({items: [lease(control), lease(worker)]});
    if (script.includes(' nodes ')) return JSON.stringify({items: [control, worker].map(ready)});
    return change(command, `${name}: ${script.replace(/^sh -ec /, '')}`);
  };
  const ready = (name: string) => ({
    metadata: {name},
    status: {
      conditions: [{type: 'Ready', status: 'True'}],
      nodeInfo: {
        kubeletVersion: stack.kubernetes.version,
        containerRuntimeVersion: `containerd://${containerd}`,
      },
    },
  });
  return {
    installed,
    changes,
    run: async (command, {input} = {}) => ({stdout: answer(command, input?.toString()), stderr: ''}),
  };
};
const lease = (name: string) => ({metadata: {name}, spec: {renewTime: '2999-01-01T00:00:00Z'}});

const done = async (nodes: FakeNodes, ...sources: readonly ResolvedSource[]) => {
  await using dir = await tempDir();
  return await programsTask(sources).done?.(await demoContext(dir, nodes), running);
};
const update = async (nodes: FakeNodes, ...sources: readonly ResolvedSource[]) => {
  await using dir = await tempDir();
  await programsTask(sources).run(await demoContext(dir, nodes), running);
};

describe('the update of the node binaries', () => {
  it('is done when every node has the builds that it should have', async () => {
    expect(await done(fakeNodes({[control]: current, [worker]: current}))).toBe('up to date');
    const own = {...current, containerd: tag};
    expect(await done(fakeNodes({[control]: own, [worker]: own}), sourceOf('containerd'))).toBe(
      'up to date with your containerd',
    );
  });

  it.each<[string, InstalledPrograms]>([
    ['has another network runtime', {runtime: 'another'}],
    ['still has an own containerd', {...current, containerd: tag}],
  ])('is not done when one node %s', async (_, installed) => {
    expect(await done(fakeNodes({[control]: current, [worker]: installed}))).toBeUndefined();
  });

  it('replaces the network runtime on the node that has another one, and keeps a backup', async () => {
    const nodes = fakeNodes({[control]: current});
    await update(nodes);
    expect(nodes.changes).toEqual([
      `copy kni-runtime.cjs to ${worker}:/opt/kni/kni-runtime.cjs.new`,
      expect.stringMatching(
        /^test1-worker: .*ln \/opt\/kni\/kni-runtime\.cjs \/opt\/kni\/pinned\/.*\nmv -f /s,
      ),
      `${worker}: systemctl restart kni`,
      `${control}: kni-runtime networks`,
      `${worker}: kni-runtime networks`,
    ]);
    expect(nodes.installed[worker]).toEqual(current);
  });

  it("leaves the user's own network runtime alone, and names it", async () => {
    const users = '# {"source":"/root/hello","id":"0123"}';
    const nodes = fakeNodes({[control]: current}, {users});
    await update(nodes);
    expect(nodes.installed[worker]).toEqual(current);
    expect(nodes.changes.filter((line) => line.includes('restart'))).toEqual([]);
    expect(await done(fakeNodes({[control]: current, [worker]: current}, {users}))).toBe(
      'up to date with your network runtime, which stays in use',
    );
  });

  it('records neither the old nor the new build after an interruption, so that the next run replaces both', async () => {
    const nodes = fakeNodes({[control]: current, [worker]: {runtime: 'old'}}, {failing: 'restart kni'});
    await rejection(update(nodes), CommandError);
    expect(['old', tag]).not.toContain(nodes.installed[worker]?.runtime);
    expect(await done(nodes)).toBeUndefined();
  });

  it('restores the containerd of the node image without an own source', async () => {
    const nodes = fakeNodes({[control]: current, [worker]: {...current, containerd: tag}});
    await update(nodes);
    expect(nodes.changes.filter((line) => line.includes('copy'))).toEqual([]);
    expect(nodes.changes[0]).toContain('mv -f /opt/kni/pinned/containerd /usr/local/bin/containerd');
    expect(nodes.changes.at(-1)).toBe(`${worker}: systemctl restart containerd`);
    expect(nodes.installed[worker]).toEqual(current);
  });

  it('replaces containerd before the kubelet, which waits for it', async () => {
    const own = sourceOf('containerd');
    const nodes = fakeNodes(
      {[control]: {...current, containerd: tag}, [worker]: {...current, kubernetes: tag}},
      {containerd: `${stack.containerd.version}+${own.revision.slice(0, 12)}`},
    );
    await update(nodes, own);
    expect(nodes.changes.filter((line) => line.includes('restart'))).toEqual([
      `${worker}: systemctl restart containerd`,
      `${worker}: systemctl restart kubelet`,
    ]);
  });
});
