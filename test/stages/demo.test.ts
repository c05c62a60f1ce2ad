import {describe, expect, it} from 'vitest';
import {fingerprintsOf} from '../../src/graph/fingerprint.ts';
import {project} from '../../src/project.ts';
import {loadStack, stackNames} from '../../src/stacks/load.ts';
import {demoPlan, demoTasks, goCompilerPlan, targetsOf} from '../../src/stages/demo.ts';
import {builderImage} from '../../src/stages/init/builder-image.ts';
import {hostOf} from '../rig/cli.ts';
import {demoContext} from '../rig/demo.ts';
import {tempDir} from '../rig/temp-dir.ts';

describe.each(await stackNames(project.stacks))('the plan of the stack %s', (name) => {
  it('is valid: no task twice, no unknown need, no cycle', async () => {
    const stack = await loadStack(name, project.stacks);
    const plan = demoPlan(stack);
    expect([...plan.tasks.keys()].sort()).toEqual(
      demoTasks(stack)
        .map(({id}) => id)
        .sort(),
    );
  });

  it('has a stage and a title for each', async () => {
    for (const {id, title} of demoTasks(await loadStack(name, project.stacks))) {
      expect(id).toMatch(/^(host|init|build|setup|verify)\/[a-z-]+$/);
      expect(title).toMatch(/^[A-Z][^\n]+[^.\n]$/);
    }
  });

  it('installs kind for the cluster even if the node image exists', async () => {
    expect(demoPlan(await loadStack(name, project.stacks)).tasks.get('setup/cluster')?.needs).toContain(
      'host/kind',
    );
  });

  it('has no task that no target needs', async () => {
    const plan = demoPlan(await loadStack(name, project.stacks));
    const {tasks} = plan;
    const needed = new Set<string>();
    const visit = (id: string): void => {
      needed.add(id);
      for (const need of tasks.get(id)?.needs ?? []) visit(need);
    };
    targetsOf(plan, 'verify').forEach(visit);
    expect([...tasks.keys()].filter((id) => !needed.has(id))).toEqual([]);
  });
});

it('the plan of the Go compiler uses the builder image of a cluster', async () => {
  await using dir = await tempDir();
  const context = await demoContext(
    dir,
    hostOf(() => ''),
  );
  const [cluster, compiler] = [
    await fingerprintsOf(demoPlan(context.stack), context),
    await fingerprintsOf(goCompilerPlan(), context),
  ];
  expect(compiler(builderImage.id)).toBe(cluster(builderImage.id));
});
