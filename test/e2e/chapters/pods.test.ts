/** Pods as their users see them. */

import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {
  apply,
  controlPlane,
  kubectl,
  named,
  onNode,
  shell,
  value,
  worker,
} from '../../rig/cluster/cluster.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {kniDemo} from '../../rig/cluster/kni-demo.ts';
import {podIp, podReady, podSubnet, reaches, removePods, sample, samplePod} from '../../rig/cluster/pods.ts';
import {until} from '../../rig/wait.ts';

useCluster();

describe('pods', () => {
  it('have the same address in the log, at the API server and on eth0', async () => {
    const ip = await podIp(sample);
    expect(ip).toMatch(podSubnet);
    expect(await kubectl('exec', sample, '--', 'ip', 'addr', 'show', 'eth0')).toContain(`inet ${ip}/`);
    const {stdout} = await kniDemo('logs', ...named, '--pod', sample);
    expect(stdout).toMatch(
      new RegExp(
        `ipconfigs received for id: [0-9a-f]{64} ip: map\\[eth0:ip:"${ip.replaceAll('.', '\\.')}" mac:"`,
      ),
    );
  });

  it('can limit the time of a download', async () => {
    const script = 'httpd -p 127.0.0.1:8080 -h /etc && wget -T 5 -q -O - http://127.0.0.1:8080/passwd';
    expect(await kubectl('exec', sample, '--', 'sh', '-c', script)).toContain('root:x:0:0');
  });

  it('are created on the node that --node names, and reach each other across nodes', async () => {
    const near = await kniDemo('pod', 'create', 'near', ...named, '--node', worker);
    expect(near.exitCode).toBe(exitCodes.ok);
    expect(near.stdout).toContain(`Ready on ${worker}`);
    const far = await kniDemo('pod', 'create', 'far', ...named, '--node', controlPlane);
    expect(far.stdout).toContain(`Ready on ${controlPlane}`);
    const [nearIp, farIp] = [await podIp('near'), await podIp('far')];
    await reaches('near', farIp);
    await reaches('far', nearIp);
  });

  it('are refused if a pod of that name exists', async () => {
    const {exitCode, stderr} = await kniDemo('pod', 'create', 'near', ...named);
    expect(exitCode).toBe(exitCodes.badInput);
    expect(stderr).toContain('pod near already exists');
  });

  it('have their RPCs in `logs --json`, in order', async () => {
    const {stdout} = await kniDemo('logs', ...named, '--json', '--node', worker, '--pod', 'near');
    const lines = stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.every(({node, pod}) => node === worker && pod === 'default/near')).toBe(true);
    // The kubelet makes another attempt if the first one fails.
    const {correlation} = lines.findLast(({rpc}) => rpc === 'AttachInterface') ?? {};
    const rpcs = [
      ...new Set(lines.filter((line) => line['correlation'] === correlation).map(({rpc}) => rpc)),
    ];
    expect(rpcs).toEqual(['CreateNetwork', 'AttachInterface', 'QueryPodNetwork']);
  });

  it('that name the netns of the host in an annotation get an ordinary network', async () => {
    await apply(samplePod('attacker', {annotations: {'kni.dev/netns': '/proc/1/ns/net'}}));
    await podReady('attacker');
    const ip = await podIp('attacker');
    expect(ip).toMatch(podSubnet);
    const links = await kubectl('exec', 'attacker', '--', 'ip', 'addr');
    expect(links).toContain(`inet ${ip}/`);
    expect(links).not.toContain('kni0');
    const inode = await kubectl('exec', 'attacker', '--', 'readlink', '/proc/self/ns/net');
    expect(inode).not.toBe(await onNode(worker, 'readlink', '/proc/1/ns/net'));
    const sandbox = await onNode(
      worker,
      'ctr',
      '-n',
      'k8s.io',
      'containers',
      'list',
      '-q',
      'labels."io.kubernetes.pod.name"==attacker,labels."io.cri-containerd.kind"==sandbox',
    );
    const spec = await onNode(worker, 'ctr', '-n', 'k8s.io', 'containers', 'info', sandbox.trim());
    expect(spec).toContain('/run/netns/kni-');
    expect(spec).not.toContain('/proc/1/ns/net');
  });

  it('on the host network cause no KNI call', async () => {
    await apply(samplePod('on-host', {spec: {hostNetwork: true}}));
    await podReady('on-host');
    const journal = await shell(
      worker,
      'journalctl -u kni -o cat --no-pager | grep -c default/on-host || true',
    );
    expect(journal).toBe('0');
    expect(await podIp('on-host')).toBe(await value('.status.hostIP', 'pod', 'on-host'));
  });

  it('have their host ports until they are deleted', async () => {
    const command = [
      '/bin/ash',
      '-c',
      'mkdir /www && echo hello >/www/index.html && exec httpd -f -p 80 -h /www',
    ];
    await apply(
      samplePod('web', {spec: {container: {command, ports: [{containerPort: 80, hostPort: 8123}]}}}),
    );
    await podReady('web');
    const nodeIp = await value('.status.hostIP', 'pod', 'web');
    await until(
      'the host port to answer',
      async () =>
        (await onNode(controlPlane, 'curl', '-sf', '-m', '2', `http://${nodeIp}:8123/`)) === 'hello',
    );
    await removePods('web');
    const rules = () => shell(worker, 'iptables-save -t nat | grep -c 8123 || true');
    await until('the rules of the host port to be removed', async () => (await rules()) === '0');
    expect(await rules()).toBe('0');
  });
});
