import {describe, expect, it} from 'vitest';
import {project} from '../../src/project.ts';
import {loadStack} from '../../src/stacks/load.ts';
import {demoPlan} from '../../src/stages/demo.ts';
import {cluster as clusterTask} from '../../src/stages/setup/cluster.ts';

describe('after a reboot', () => {
  it('no check of the cluster runs before its nodes have reported', async () => {
    const {tasks} = demoPlan(await loadStack('bookworm', project.stacks));
    const needing = (id: string): readonly string[] => {
      const needs = tasks.get(id)?.needs ?? [];
      return [...needs, ...needs.flatMap(needing)];
    };
    const judging = [...tasks.values()].filter(
      (task) => /^(setup|verify)\//.test(task.id) && task.done !== undefined,
    );
    expect(judging.map(({id}) => id)).toContain('verify/sample-pod');
    expect(judging.filter(({live}) => live !== true)).toEqual([]);
    const unordered = judging.filter(
      ({id}) => id !== clusterTask.id && !needing(id).includes(clusterTask.id),
    );
    expect(unordered).toEqual([]);
  });

  it('no verification runs during the change of flags, which restarts the network runtimes', async () => {
    const {tasks} = demoPlan(await loadStack('bookworm', project.stacks));
    expect(tasks.get('setup/nodes-ready')?.needs).toContain('setup/runtime-flags');
    expect(tasks.get('verify/sample-pod')?.needs).toContain('setup/runtime-flags');
  });
});
