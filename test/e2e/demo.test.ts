/** The whole story on a real cluster through the public CLI: one file, since each chapter begins where the last ended. */

import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import {exitCodes} from '../../src/exit-codes.ts';
import {goTests} from './go-tests.ts';
import {
  apply,
  cluster,
  conditionOf,
  controlPlane,
  dirs,
  dump,
  eventually,
  kniDemo,
  kubectl,
  nodeMessage,
  onNode,
  podIp,
  podReady,
  run,
  samplePod,
  shell,
  start,
  tracesOn,
  value,
  worker,
} from './rig.ts';

const named = ['--name', cluster] as const;
const sample = 'samplepod';
const podSubnet = /^10\.244\.\d+\.\d+$/;

let scratch = '';
let engineWasThere = false;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'kni-e2e-'));
  await writeFile(join(scratch, 'kubeconfig'), 'apiVersion: v1\nkind: Config\ncurrent-context: mine\n');
  process.env['KUBECONFIG'] = join(scratch, 'kubeconfig');
  engineWasThere = await run('docker', 'version').then(
    () => true,
    () => false,
  );
  if (engineWasThere) await kniDemo('down', ...named, '--yes');
});

afterAll(async () => {
  await kniDemo('down', ...named, '--yes');
  const others = await run('docker', 'ps', '--all', '--quiet').catch(() => 'unknown');
  if (!engineWasThere && others === '') await kniDemo('down', '--all', '--yes');
  await rm(scratch, {recursive: true, force: true});
});

beforeEach(({onTestFailed}) => onTestFailed(dump));

describe('up', () => {
  it('is cancelled by Ctrl-C while the cluster is made', async () => {
    const up = start('up', '--yes', '--quiet', ...named);
    await up.printed('[setup/cluster] started');
    up.interrupt();
    const {exitCode, stderr} = await up.ended;
    expect(stderr).toContain('cancelled');
    expect(exitCode).toBe(exitCodes.cancelled);
  }, 3_000_000);

  it('goes on from there to a cluster with a proved pod', async () => {
    const {exitCode, stdout, stderr} = await kniDemo('up', '--yes', '--quiet', ...named);
    expect(stderr).toBe('');
    expect(exitCode).toBe(exitCodes.ok);
    expect(stdout).not.toContain('[build/kubernetes] started');
    expect(stdout).toContain(`Cluster ${cluster} is up.`);
  }, 600_000);

  it('changes nothing on a running cluster, and says so', async () => {
    const identity = async () => [
      await run(
        'docker',
        'ps',
        '--no-trunc',
        '--format',
        '{{.ID}} {{.Names}}',
        '--filter',
        `name=${cluster}`,
      ),
      await value('.metadata.uid', 'pod', sample),
    ];
    const before = await identity();
    const {exitCode, stdout} = await kniDemo('up', '--quiet', ...named);
    expect(exitCode).toBe(exitCodes.ok);
    expect(stdout).toContain('nothing was changed');
    expect(await identity()).toEqual(before);
  });

  it("leaves the user's kubeconfig alone and writes its own", async () => {
    expect(await readFile(join(scratch, 'kubeconfig'), 'utf8')).toContain('current-context: mine');
    const own = await readFile(join(dirs.state, 'clusters', cluster, 'kubeconfig'), 'utf8');
    expect(own).toContain(`kind-${cluster}`);
  });
});

describe('the nodes', () => {
  it('run the runtime as a systemd unit that was up before the kubelet', async () => {
    for (const node of [controlPlane, worker]) {
      expect(await onNode(node, 'systemctl', 'is-active', 'kni')).toBe('active');
      const since = async (unit: string): Promise<number> =>
        Number(
          await onNode(
            node,
            'systemctl',
            'show',
            unit,
            '--value',
            '--property=ActiveEnterTimestampMonotonic',
          ),
        );
      expect(await since('kni')).toBeLessThan(await since('kubelet'));
    }
  });

  it('keep the socket to root', async () => {
    const modes = await onNode(worker, 'stat', '-c', '%a %U %F', '/run/kni', '/run/kni/kni.sock');
    expect(modes.split('\n')).toEqual(['700 root directory', '600 root socket']);
  });

  it('are Ready with no CNI configuration that containerd could see', async () => {
    for (const node of [controlPlane, worker]) {
      expect(await conditionOf('node', node)).toBe('True');
      expect(await shell(node, 'ls /etc/cni/net.d 2>/dev/null || true')).toBe('');
    }
  });
});

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

  it('are created on a node of choice, and reach each other across nodes', async () => {
    const near = await kniDemo('pod', 'create', 'near', ...named, '--node', worker);
    expect(near.exitCode).toBe(exitCodes.ok);
    expect(near.stdout).toContain(`Ready on ${worker}`);
    const far = await kniDemo('pod', 'create', 'far', ...named, '--node', controlPlane);
    expect(far.stdout).toContain(`Ready on ${controlPlane}`);
    const [nearIp, farIp] = [await podIp('near'), await podIp('far')];
    expect(await kubectl('exec', 'near', '--', 'ping', '-c', '1', '-W', '5', farIp)).toContain(
      '1 packets received',
    );
    expect(await kubectl('exec', 'far', '--', 'ping', '-c', '1', '-W', '5', nearIp)).toContain(
      '1 packets received',
    );
  });

  it('are refused twice under one name', async () => {
    const {exitCode, stderr} = await kniDemo('pod', 'create', 'near', ...named);
    expect(exitCode).toBe(exitCodes.badInput);
    expect(stderr).toContain('pod near exists');
  });

  it('have their RPCs in the log, in order, as JSON on demand', async () => {
    const {stdout} = await kniDemo('logs', ...named, '--json', '--node', worker, '--pod', 'near');
    const lines = stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.every(({node, pod}) => node === worker && pod === 'default/near')).toBe(true);
    const rpcs = [...new Set(lines.map(({rpc}) => rpc))];
    expect(rpcs).toEqual(['CreateNetwork', 'AttachInterface', 'QueryPodNetwork']);
  });

  it('that ask for the namespace of the host get an ordinary network', async () => {
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

  it('on the network of the host make no KNI call', async () => {
    await apply(samplePod('on-host', {spec: {hostNetwork: true}}));
    await podReady('on-host');
    const journal = await shell(
      worker,
      'journalctl -u kni -o cat --no-pager | grep -c default/on-host || true',
    );
    expect(journal).toBe('0');
    expect(await podIp('on-host')).toBe(await value('.status.hostIP', 'pod', 'on-host'));
  });

  it('have their host ports while they exist', async () => {
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
    await eventually(
      'the host port to answer',
      async () =>
        (await onNode(controlPlane, 'curl', '-sf', '-m', '2', `http://${nodeIp}:8123/`)) === 'hello',
    );
    await kubectl('delete', 'pod', 'web', '--wait=true');
    const rules = () => shell(worker, 'iptables-save -t nat | grep -c 8123 || true');
    await eventually('the rules of the host port to go', async () => (await rules()) === '0');
    expect(await rules()).toBe('0');
  });
});

describe('a deletion', () => {
  it('takes netns, address, record and veth with it', async () => {
    const before = await tracesOn(worker);
    const doomed = await kniDemo('pod', 'create', 'doomed', ...named, '--node', worker);
    expect(doomed.exitCode).toBe(exitCodes.ok);
    const ip = await podIp('doomed');
    const during = await tracesOn(worker);
    expect(during.addresses).toContain(ip);
    expect(during.netns).toHaveLength(before.netns.length + 1);
    expect(during.records).toHaveLength(before.records.length + 1);
    expect(during.veths).toBe(before.veths + 1);
    await kubectl('delete', 'pod', 'doomed', '--wait=true');
    await eventually('nothing to be left of the pod', async () => {
      expect(await tracesOn(worker)).toEqual(before);
      return true;
    });
  });
});

describe('a runtime that stops', () => {
  const identity = async () => [
    await value('.metadata.uid', 'pod', sample),
    await podIp(sample),
    await value('.status.containerStatuses[0].restartCount', 'pod', sample),
    await value('.status.containerStatuses[0].containerID', 'pod', sample),
  ];

  it('makes its node NotReady with the reason, and Ready again when it is back, pods kept', async () => {
    const before = await identity();
    await onNode(worker, 'systemctl', 'stop', 'kni');
    const message = await eventually('the worker to be NotReady', async () =>
      (await conditionOf('node', worker)) === 'False' ? nodeMessage(worker) : undefined,
    );
    expect(message).toContain('KNI network runtime is not reachable at unix:///run/kni/kni.sock');
    await onNode(worker, 'systemctl', 'start', 'kni');
    await eventually('the worker to be Ready', async () => (await conditionOf('node', worker)) === 'True');
    await podReady(sample);
    expect(await identity()).toEqual(before);
  });

  it('does not keep a pod from being deleted for longer than it is away', async () => {
    const before = await tracesOn(worker);
    await kniDemo('pod', 'create', 'orphan', ...named, '--node', worker);
    await onNode(worker, 'systemctl', 'stop', 'kni');
    await kubectl('delete', 'pod', 'orphan', '--wait=false');
    // The kubelet has to have tried while nobody answered: from now on it must remember.
    await eventually('the kubelet to say that it will try again', async () =>
      (await shell(worker, 'journalctl -u kubelet -o cat --no-pager')).includes(
        'trying again in the background',
      ),
    );
    await onNode(worker, 'systemctl', 'start', 'kni');
    await eventually(
      'the pod to be gone',
      async () => (await value('.metadata.name', 'pod', 'orphan')) === '',
    );
    await eventually('nothing to be left of the pod', async () => {
      expect(await tracesOn(worker)).toEqual(before);
      return true;
    });
  });

  it('does not cost a pod its network when the kubelet restarts meanwhile', async () => {
    const before = await identity();
    await onNode(worker, 'systemctl', 'stop', 'kni');
    await onNode(worker, 'systemctl', 'restart', 'kubelet');
    await eventually(
      'the worker to be NotReady',
      async () => (await conditionOf('node', worker)) === 'False',
    );
    expect(await shell(worker, 'systemctl is-active kni || true')).toBe('inactive');
    await onNode(worker, 'systemctl', 'start', 'kni');
    await eventually('the worker to be Ready', async () => (await conditionOf('node', worker)) === 'True');
    await podReady(sample);
    expect(await identity()).toEqual(before);
  });

  it('nor do kubelet and containerd cost a pod its address when they restart', async () => {
    const before = await identity();
    for (const unit of ['kubelet', 'containerd', 'kni']) {
      await onNode(worker, 'systemctl', 'restart', unit);
      await eventually(
        `${unit} to be active`,
        async () => (await onNode(worker, 'systemctl', 'is-active', unit)) === 'active',
      );
    }
    // A lease renewed after the restarts, not one from before them: every 10 s.
    const renewed = () => value('.spec.renewTime', '-n', 'kube-node-lease', 'lease', worker);
    const last = await renewed();
    await eventually('the kubelet to report again', async () => (await renewed()) !== last);
    await eventually('the worker to be Ready', async () => (await conditionOf('node', worker)) === 'True');
    await podReady(sample);
    expect(await identity()).toEqual(before);
    expect(await kubectl('exec', sample, '--', 'ip', 'addr', 'show', 'eth0')).toContain(
      `inet ${await podIp(sample)}/`,
    );
    expect((await kniDemo('pod', 'create', 'after', ...named, '--node', worker)).exitCode).toBe(exitCodes.ok);
  });
});

describe('an attach that fails', () => {
  it('is undone, and succeeds once the cause is gone', async () => {
    const before = await tracesOn(worker);
    // The chain's last plugin fails: what those before it made has to be undone.
    const broken = [
      '#!/bin/sh',
      'cat >/dev/null',
      '[ "$CNI_COMMAND" = ADD ] || exit 0',
      `echo '{"cniVersion":"1.0.0","code":100,"msg":"broken on purpose"}'`,
      'exit 1',
    ];
    await shell(
      worker,
      `mv /usr/lib/cni/portmap /usr/lib/cni/portmap.kept
       cat >/usr/lib/cni/portmap <<'END'\n${broken.join('\n')}\nEND
       chmod 755 /usr/lib/cni/portmap`,
    );
    await apply(samplePod('unlucky', {}));
    await eventually('the failure to be reported', async () =>
      (
        await kubectl(
          'get',
          'events',
          '--field-selector=involvedObject.name=unlucky',
          '-o',
          'jsonpath={.items[*].message}',
        )
      ).includes('broken on purpose'),
    );
    expect(await conditionOf('pod', 'unlucky')).toBe('False');
    await eventually('the attempts to leave no address and no veth', async () => {
      const {addresses, veths} = await tracesOn(worker);
      return addresses.join() === before.addresses.join() && veths === before.veths;
    });
    await shell(worker, 'mv /usr/lib/cni/portmap.kept /usr/lib/cni/portmap');
    await podReady('unlucky', 120_000);
    const after = await tracesOn(worker);
    expect(after.addresses).toHaveLength(before.addresses.length + 1);
    expect(after.netns).toHaveLength(before.netns.length + 1);
    expect(after.records).toHaveLength(before.records.length + 1);
    await kubectl('delete', 'pod', 'unlucky', '--wait=true');
    await eventually('nothing to be left of the pod', async () => {
      expect(await tracesOn(worker)).toEqual(before);
      return true;
    });
  });
});

describe('nodes that were stopped', () => {
  it('are started again by up, with pods that are proved anew and nothing left of before', async () => {
    await kubectl('delete', 'pods', '--all', '--wait=true');
    await run('docker', 'stop', '--time', '5', controlPlane, worker);
    const {exitCode, stdout} = await kniDemo('up', '--quiet', ...named);
    expect(exitCode).toBe(exitCodes.ok);
    expect(stdout).toContain(`Cluster ${cluster} is up.`);
    const {netns, addresses, records, veths} = await tracesOn(worker);
    expect(addresses).toEqual([await podIp(sample)]);
    expect([netns.length, records.length, veths]).toEqual([1, 1, 1]);
  }, 300_000);
});

describe('a cluster that somebody else made', () => {
  const foreign = 'kni-e2e-foreign';

  it('is neither used nor removed', async () => {
    const image = await run(
      'docker',
      'images',
      '--filter',
      'reference=kni-demo/base',
      '--format',
      '{{.Repository}}:{{.Tag}}',
    );
    const labels = [`io.x-k8s.kind.cluster=${foreign}`, 'io.x-k8s.kind.role=control-plane'];
    const name = `${foreign}-control-plane`;
    await run(
      'docker',
      'create',
      '--name',
      name,
      ...labels.flatMap((label) => ['--label', label]),
      image.split('\n')[0] ?? '',
      'true',
    );
    try {
      const up = await kniDemo('up', '--quiet', '--name', foreign);
      expect(up.exitCode).toBe(exitCodes.conflict);
      expect(up.stderr).toContain(`cluster ${foreign} was not made by kni-demo`);
      const down = await kniDemo('down', '--yes', '--name', foreign);
      expect(down.exitCode).toBe(exitCodes.conflict);
      expect(await run('docker', 'ps', '--all', '--quiet', '--filter', `name=${name}`)).not.toBe('');
    } finally {
      await run('docker', 'rm', name);
    }
  });
});

describe('the patches', () => {
  it('pass their own Go tests in the trees that the cluster was built from', async () => {
    const printed = await goTests();
    for (const name of [
      'k8s.io/kubernetes/pkg/kubelet/kni',
      'github.com/containerd/containerd/pkg/cri/server',
    ]) {
      expect(printed).toMatch(new RegExp(`^ok\\s+${name}\\s`, 'm'));
    }
  }, 900_000);
});

describe('down', () => {
  it('asks first', async () => {
    const {exitCode, stdout} = await kniDemo('down', ...named);
    expect(exitCode).toBe(exitCodes.badInput);
    expect(stdout).toContain(`cluster ${cluster}: ${controlPlane}, ${worker}`);
    expect(await conditionOf('node', worker)).toBe('True');
  });

  it('removes the cluster, and has nothing to do the second time', async () => {
    const {exitCode} = await kniDemo('down', ...named, '--yes');
    expect(exitCode).toBe(exitCodes.ok);
    expect(
      await run('docker', 'ps', '--all', '--quiet', '--filter', `label=io.x-k8s.kind.cluster=${cluster}`),
    ).toBe('');
    expect(await run('docker', 'volume', 'ls', '--quiet', '--filter', 'dangling=true')).toBe('');
    const again = await kniDemo('down', ...named, '--yes');
    expect(again.exitCode).toBe(exitCodes.ok);
    expect(again.stdout).toContain(`there is no cluster ${cluster}`);
  });
});
