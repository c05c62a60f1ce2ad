import {expect, it} from 'vitest';
import {dirsOf} from '../../src/cache/dirs.ts';
import {withChanges} from '../../src/changes/changes.ts';
import {fileWith, setRuntime} from '../../src/changes/set-runtime.ts';
import {hostOf} from '../rig/cli.ts';
import {dirWithCluster, envOf, node, printed} from '../rig/demo.ts';

it("says that kni-demo's own runtime has replaced a former one that does not start again", async () => {
  await using dir = await dirWithCluster();
  let starts = 0;
  const host = hostOf((line) => {
    if (line.startsWith('docker ps')) return printed(node('test1-worker')).join('\n');
    if (line.includes('--force')) return '{"sandboxes": []}';
    if (line.includes('head -n 1')) return '# {"source": "/root/hello", "id": "dev"}';
    if (!line.endsWith('systemctl start kni')) return '';
    starts += 1;
    return starts === 1 ? '2> Job for kni.service failed.\n[exit code 1]' : '';
  });
  const said: string[] = [];
  const options = {
    cluster: 'test1',
    command: 'kni-demo runtime use',
    signal: new AbortController().signal,
    say: (line: string) => void said.push(line),
  };
  await withChanges({host, dirs: dirsOf(envOf(dir))}, options, async (changes) => {
    const file = fileWith('# {"source": "/root/former", "id": "0123456789ab"}\n');
    const change = {kind: 'runtime-switched', node: 'test1-worker', to: '/root/hello', file} as const;
    await changes.make(change, async () => undefined);
  });
  expect(said).toEqual([
    'undone: network runtime of test1-worker replaced by /root/hello',
    "note: test1-worker runs kni-demo's own network runtime, because /root/former does not work: Job for kni.service failed.",
  ]);
});

it('starts a stopped runtime of kni-demo before it is replaced, so that its pods lose their networks', async () => {
  let isRunning = false;
  const host = hostOf((line) => {
    if (line.includes('systemctl start kni')) isRunning = true;
    if (line.includes('systemctl stop kni')) isRunning = false;
    const isRefused = line.includes('release-sandboxes') && !isRunning;
    if (isRefused) return '2> kni-runtime: UNAVAILABLE: no server is listening\n[exit code 1]';
    return line.includes('--force') ? '{"sandboxes": []}' : '';
  });
  const next = fileWith('# {"source": "/root/hello", "id": "0123456789ab"}\n');
  await setRuntime(host, {next, ready: async () => undefined}, new AbortController().signal);
  const steps = host.ran.flatMap((line) => /release-sandboxes|systemctl (?:start|stop) \w+/.exec(line) ?? []);
  expect(steps).toEqual([
    'systemctl stop kubelet',
    'release-sandboxes',
    'systemctl start kni',
    'release-sandboxes',
    'systemctl stop kni',
    'systemctl start kni',
    'systemctl start kubelet',
  ]);
});

it('replaces a runtime of kni-demo that does not start, and names the pods whose networks it keeps', async () => {
  const host = hostOf((line) => {
    if (line.includes('--force'))
      return '{"sandboxes": [{"pod": "default/web", "error": "UNAVAILABLE: no server is listening"}]}';
    if (line.includes('release-sandboxes'))
      return '2> kni-runtime: UNAVAILABLE: no server is listening\n[exit code 1]';
    const isFirst = line.includes('systemctl start kni') && !host.ran.some((ran) => ran.includes('stop kni'));
    return isFirst ? '2> Job for kni.service failed.\n[exit code 1]' : '';
  });
  const next = fileWith('# {"source": "/root/hello", "id": "0123456789ab"}\n');
  const left = setRuntime(host, {next, ready: async () => undefined}, new AbortController().signal);
  expect(await left).toEqual([
    'the former runtime did not release default/web: UNAVAILABLE: no server is listening',
  ]);
  expect(host.ran.at(-1)).toContain('systemctl start kubelet');
});
