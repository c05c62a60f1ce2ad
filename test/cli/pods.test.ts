import {writeFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../src/exit-codes.ts';
import {cli, hostOf} from '../rig/cli.ts';
import {dirWithCluster, node, printed} from '../rig/demo.ts';
import {tempDir} from '../rig/temp-dir.ts';

const nodes = printed(node('test1-control-plane'), node('test1-worker')).join('\n');
const pod = (name: string, spec: object = {}) => ({
  kind: 'Pod',
  metadata: {namespace: 'default', name, uid: `uid-${name}`},
  spec: {nodeName: 'test1-worker', ...spec},
  status: {phase: 'Running', podIP: '10.244.1.2', conditions: [{type: 'Ready', status: 'True'}]},
});
const having = (answer: (command: string) => string) =>
  hostOf((command) => (command.startsWith('docker ps') ? nodes : answer(command)));

describe('pod list', () => {
  const host = having(() => JSON.stringify({items: [pod('a'), pod('etcd', {hostNetwork: true})]}));

  it('shows pods with nodes and addresses', async () => {
    await using dir = await dirWithCluster();
    expect((await cli(dir, ['pod', 'list'], {host})).stdout.split('\n')).toEqual([
      'POD           NODE    ADDRESS      STATE',
      'default/a     worker  10.244.1.2   Ready',
      'default/etcd  worker  of its node  Ready',
      '',
    ]);
  });

  it('prints one array with --json', async () => {
    await using dir = await dirWithCluster();
    const {stdout} = await cli(dir, ['pod', 'list', '--json'], {host});
    expect(JSON.parse(stdout)).toMatchObject([{name: 'a', ips: ['10.244.1.2']}, {hostNetwork: true}]);
  });
});

describe('pod delete', () => {
  it('deletes pods and waits until they are gone, or another pod has their name', async () => {
    await using dir = await dirWithCluster();
    const deleted = new Set<string>();
    let looks = 0;
    const host = having((command) => {
      const name = / ([ab]) /.exec(command)?.[1] ?? '';
      if (command.includes(' delete ')) {
        deleted.add(name);
        return '';
      }
      if (!deleted.has(name)) return JSON.stringify(pod(name));
      looks += 1;
      if (name === 'b') return JSON.stringify({...pod(name), metadata: {uid: 'new'}});
      return looks < 3 ? JSON.stringify(pod(name)) : '';
    });
    const {code, stdout} = await cli(dir, ['pod', 'delete', 'a', 'other/b'], {host});
    expect(code).toBe(0);
    expect(stdout).toMatch(/^pod a is deleted\. [\d.]+ s\npod other\/b is deleted\. [\d.]+ s\n$/);
    expect(looks).toBe(4);
  });

  it('deletes nothing if one of the pods does not exist', async () => {
    await using dir = await dirWithCluster();
    const host = having((command) => (/ a -o json/.test(command) ? JSON.stringify(pod('a')) : ''));
    expect(await cli(dir, ['pod', 'delete', 'a', 'b'], {host})).toMatchObject({
      code: exitCodes.badInput,
      stderr: expect.stringMatching(/^error: pod default\/b does not exist: /),
    });
    expect(host.ran.filter((command) => command.includes(' delete '))).toEqual([]);
  });
});

describe('pod create', () => {
  it('names the image that cannot be pulled, the cause and the command that helps', async () => {
    await using dir = await dirWithCluster();
    let isCreated = false;
    const waiting = {reason: 'ImagePullBackOff', message: 'Back-off pulling image "nowhere/x:1"'};
    const stuck = {...pod('a'), status: {containerStatuses: [{image: 'nowhere/x:1', state: {waiting}}]}};
    const host = having((command) => {
      if (command.includes(' apply ')) isCreated = true;
      if (command.includes(' events '))
        return 'Failed to pull image "nowhere/x:1": no such host\nError: ErrImagePull';
      return isCreated && command.includes('get') ? JSON.stringify(stuck) : '';
    });
    expect(await cli(dir, ['pod', 'create', 'a', '--image', 'nowhere/x:1'], {host})).toMatchObject({
      code: exitCodes.failed,
      stderr:
        'error: pod default/a cannot start: the node cannot pull image nowhere/x:1: Failed to pull image "nowhere/x:1": no such host\n' +
        'try:   copy the image into the nodes: kni-demo image load nowhere/x:1; or delete the pod: kni-demo pod delete default/a\n',
    });
  });

  it.each([
    [['web', '--replicas', '2', '--network', 'storage'], 'web-1 web-2', 'web --replicas 2 --network storage'],
    [['--node', 'lab-worker', '--image', 'x:1'], 'samplepod', '--node lab-worker --image x:1'],
  ])('says after Ctrl-C how to create them again: %j', async (args, pods, again) => {
    await using dir = await dirWithCluster('lab');
    const cancel = new AbortController();
    const host = hostOf((command) => {
      if (command.startsWith('docker ps'))
        return printed(
          ...['lab-control-plane', 'lab-worker'].map((each) => node(each, {cluster: 'lab'})),
        ).join('\n');
      if (command.includes(' apply ')) cancel.abort(new Error('cancelled by SIGINT'));
      return '';
    });
    const ended = await cli(dir, ['pod', 'create', ...args, '--name', 'lab'], {host, signal: cancel.signal});
    expect(ended).toMatchObject({
      code: exitCodes.cancelled,
      stderr: `cancelled
try:   keep the pods: kni-demo pod list --name lab
       or create them again: kni-demo pod delete ${pods} --name lab
       kni-demo pod create ${again} --name lab
`,
    });
  });

  const refused = async (args: readonly string[], file?: string) => {
    await using dir = await tempDir();
    const path = dir.join('pods.yaml');
    if (file !== undefined) await writeFile(path, file);
    const {code, stderr} = await cli(dir, [
      'pod',
      'create',
      ...args.map((arg) => (arg === 'FILE' ? path : arg)),
    ]);
    expect(code).toBe(exitCodes.badInput);
    return stderr.replaceAll(path, 'FILE').split('\n')[0];
  };

  it.each([
    ['kind: Deployment\nmetadata: {name: a}', 'document 1 is not a pod with a name'],
    [
      'kind: Pod\nmetadata: {name: a}\n---\nkind: Pod\nmetadata: {generateName: a-}',
      'document 2 is not a pod with a name',
    ],
    ['', 'it is empty'],
    ['a: [', expect.any(String)],
  ])('refuses the file %j', async (file, why) => {
    const line = await refused(['-f', 'FILE'], file);
    expect(line?.replace('error: cannot create pods from FILE: ', '')).toEqual(why);
  });

  it.each([
    [['-f', 'FILE'], /^error: cannot read FILE: ENOENT/],
    [
      ['a', '-f', 'FILE', '--replicas', '2'],
      /^error: invalid flags: --filename was given, and also a name, --replicas$/,
    ],
    [['--replicas', '0'], /^error: invalid number of pods: "0": /],
    [['--network', 'a b'], /^error: invalid network: "a b": /],
    [['--network', 'a/b/c'], /^error: invalid network: /],
  ])('refuses %j', async (args, line) => {
    expect(await refused(args)).toMatch(line);
  });

  it('does not claim that KNI gave pods of the host network their networks', async () => {
    await using dir = await dirWithCluster();
    const file = dir.join('pods.yaml');
    const names = ['a', 'b'];
    await writeFile(file, names.map((name) => `kind: Pod\nmetadata: {name: ${name}}\n`).join('---\n'));
    let isCreated = false;
    const host = having((command) => {
      if (command.includes(' apply ')) isCreated = true;
      const name = / ([ab]) -o json/.exec(command)?.[1];
      return isCreated && name !== undefined ? JSON.stringify(pod(name, {hostNetwork: true})) : '';
    });
    const {code, stdout} = await cli(dir, ['pod', 'create', '-f', file], {host});
    expect(code).toBe(0);
    expect(stdout.match(/it uses the network of its node/g)).toHaveLength(2);
    expect(stdout).not.toContain('KNI gave');
  });

  it('creates numbered pods with the annotation of their networks', async () => {
    await using dir = await dirWithCluster();
    const inputs: string[] = [];
    const inner = having((command) => (command.includes(' apply ') ? '2> enough\n[exit code 1]' : ''));
    const host = {
      run: (command: Parameters<typeof inner.run>[0], options: Parameters<typeof inner.run>[1]) => {
        if (options?.input !== undefined) inputs.push(String(options.input));
        return inner.run(command, options);
      },
    };
    const args = ['pod', 'create', 'a', '--replicas', '2', '--network', 'x', '--network', 'ns/y@net1'];
    await cli(dir, args, {host});
    expect(inputs).toHaveLength(1);
    expect(inputs[0]).toMatch(/name: a-1\n[^]*---\n[^]*name: a-2\n/);
    expect(inputs[0]?.match(/k8s.v1.cni.cncf.io\/networks: x,ns\/y@net1/g)).toHaveLength(2);
  });
});
