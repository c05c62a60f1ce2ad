/** Builds the user's own kubelet or containerd. The node image does not change: setup/programs copies the result. */

import type {Component} from '../../stacks/own-source.ts';
import type {DemoContext, DemoTask} from '../context.ts';
import {ownTreeId} from '../init/own-source.ts';
import {containerdBuildTask} from '../lib/containerd-build.ts';
import {keepLatest} from '../lib/keep-latest.ts';
import {kubernetesBuildTask} from '../lib/kubernetes-build.ts';
import type {ResolvedSource} from '../lib/resolve-own-source.ts';

export const ownBuildId = (component: Component): string => `build/own-${component}`;

/** Build metadata, which version comparisons ignore. `kubectl get nodes` shows it. */
export const ownVersion = (pinned: string, revision: string): string => `${pinned}+${revision.slice(0, 12)}`;

/** `containerdBuilder` is the task that makes containerd's builder image. */
export const buildOwn = ({component, revision}: ResolvedSource, containerdBuilder: DemoTask): DemoTask => {
  const version = ({stack}: DemoContext): string => ownVersion(stack[component].version, revision);
  const build = {id: ownBuildId(component), tree: ownTreeId(component), version};
  return keepLatest(
    component === 'kubernetes'
      ? kubernetesBuildTask({...build, title: 'Build your kubelet', binaries: () => ['kubelet']})
      : containerdBuildTask({
          ...build,
          title: 'Build your containerd',
          builder: containerdBuilder.id,
          revision: () => revision,
        }),
  );
};
