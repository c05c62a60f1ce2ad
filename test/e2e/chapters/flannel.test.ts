/** The pods of a running cluster get their networks from flannel's CNI plugin, and then from kni-demo again. Restarts the worker. */

import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {apply, controlPlane, kubectl, named, run, shell, worker} from '../../rig/cluster/cluster.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {type Flannel, flannelOn} from '../../rig/cluster/flannel.ts';
import {kniDemo, start} from '../../rig/cluster/kni-demo.ts';
import {leaseRenewed, nodeMessage, nodeReadiness} from '../../rig/cluster/nodes.ts';
import {podIp, podReady, reaches, removePods, samplePod} from '../../rig/cluster/pods.ts';
import {networksOfPods} from '../../rig/cluster/traces.ts';
import {until} from '../../rig/wait.ts';

const subnetEnv = '/run/flannel/subnet.env';
const [near, far] = ['flannel-near', 'flannel-far'];
const hostPort = 18_181;
/** With a backend, because the backend of the cluster before flannel is not kept. */
const backToKni = ['--cni', 'kni', '--backend', 'host-gw'] as const;

useCluster();

let flannel: Flannel;
let before: readonly string[];

beforeAll(async () => {
  flannel = await flannelOn();
  await up(...backToKni);
  before = await Promise.all([worker, controlPlane].map(settings));
}, 900_000);
afterAll(async () => {
  await up(...backToKni);
  await flannel[Symbol.asyncDispose]();
}, 300_000);

const up = async (...flags: readonly string[]): Promise<string> => {
  const {exitCode, stdout, stderr} = await kniDemo('up', '--quiet', '--yes', ...flags, ...named);
  expect(`${exitCode} ${stderr}`).toBe(`${exitCodes.ok} `);
  return stdout;
};

/** Possible leftovers of a network on a node, without names that differ with each sandbox. */
const settings = (node: string): Promise<string> =>
  shell(
    node,
    `ip -o link | sed 's/^[0-9]*: //; s/[:@].*//' | grep -v '^veth' | sort
     ip route | sed -E '/dev eth0/ s/ (via|src) [0-9.]+//; s/ linkdown//' | sort
     iptables-save | sed -n 's/^:\\([^ ]*\\).*/\\1/p' | grep -v -e '^CNI-' -e '^KUBE-' | sort
     find /etc/cni/net.d /etc/kni/net.d /run/flannel /var/lib/cni -type f 2>/dev/null | sort
     sed 's/^KNI_RUNTIME_FLAGS=//' /etc/kni/runtime.env | tr ' ' '\\n' | sort`,
  );

const networks = async () => {
  const {stdout} = await kniDemo('networks', '--json', ...named);
  const answers = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as {node: string; networks: object[]});
  return answers.flatMap((answer) => answer.networks);
};

const answers = (ip: string): Promise<true> =>
  until('the host port to answer', async () =>
    (await shell(controlPlane, `curl -s --max-time 5 http://${ip}:${hostPort}/ || true`)).includes('hello'),
  );

/** A pod that answers on the host port. */
const serving = () =>
  samplePod(near, {
    spec: {
      container: {
        command: [
          '/bin/ash',
          '-c',
          'mkdir /tmp/www; echo hello >/tmp/www/index.html; exec busybox httpd -f -p 80 -h /tmp/www',
        ],
        ports: [{containerPort: 80, hostPort}],
      },
    },
  });

describe('flannel', () => {
  it('gives the pods of both nodes their networks', async () => {
    expect(await up('--cni', flannel.definition)).toMatch(/^4\. netns joined by containerd {2}kni-/m);
    for (const network of await networks())
      expect(network).toMatchObject({name: 'cbr0', ready: true, capacity: 253, used: expect.any(Number)});
    await networksOfPods(worker);
    expect(await settings(worker)).not.toMatch(/kni0|proto 107|KNI-MASQ|10-kni/);
  });

  it('is kept by up, which changes nothing', async () => {
    expect(await up()).toContain('nothing was changed');
  });

  it('refuses --backend, because it routes packets itself', async () => {
    const {exitCode, stderr} = await kniDemo('up', '--backend', 'vxlan', ...named);
    expect({exitCode, stderr}).toMatchObject({
      exitCode: exitCodes.badInput,
      stderr: expect.stringContaining('--backend vxlan does not fit network flannel'),
    });
  });

  it("refuses a network runtime of the user's own, which would set the same routes", async () => {
    const {exitCode, stderr} = await kniDemo('runtime', 'use', process.execPath, '--yes', ...named);
    expect({exitCode, stderr}).toMatchObject({
      exitCode: exitCodes.conflict,
      stderr: expect.stringContaining('kni-demo up --cni kni'),
    });
  });

  it('is replaced by a network with the same CNI name, and back', async () => {
    for (const [definition, file, name] of [
      [flannel.other, '20-other.conflist', 'other'],
      [flannel.definition, '10-flannel.conflist', 'flannel'],
    ] as const) {
      await up('--cni', definition);
      for (const node of [worker, controlPlane])
        expect((await shell(node, 'ls /etc/cni/net.d')).trim()).toBe(file);
      expect((await kniDemo('networks', ...named)).stdout).toContain(
        `pods get network ${name}, in CNI cbr0\n`,
      );
      await networksOfPods(worker);
    }
  });

  it('carries traffic between nodes and to host ports', async () => {
    await apply(serving());
    await apply(samplePod(far, {spec: {nodeName: controlPlane}}));
    await podReady(near);
    await podReady(far);
    await reaches(near, await podIp(far));
    await reaches(far, await podIp(near));
    expect(await answers(await addressOf(worker))).toBe(true);
  });

  it('says that a pod was not checked, because its configuration is too old for CHECK', async () => {
    const {exitCode, stdout} = await kniDemo('pod', 'inspect', near, '--check', ...named);
    expect(exitCode).toBe(exitCodes.ok);
    expect(stdout).toContain('CNI 0.3.1 has no CHECK');
  });

  it('makes a node NotReady without subnet.env, and says why', async () => {
    await shell(worker, `rm ${subnetEnv}`);
    await nodeReadiness(worker, 'False');
    expect(await nodeMessage(worker)).toContain(`network cbr0 needs ${subnetEnv}, which does not exist`);
    await kubectl('delete', 'pods', '-n', 'kube-flannel', '--field-selector', `spec.nodeName=${worker}`);
    await nodeReadiness(worker, 'True');
  });

  it('serves the pods of a node that restarts', async () => {
    await run('docker', 'restart', '--time', '5', worker);
    await leaseRenewed(worker);
    await nodeReadiness(worker, 'True');
    await podReady(near);
    await until('the pod to have its network again', async () => {
      await reaches(far, await podIp(near), '-w', '5');
      return true;
    });
    expect(await answers(await addressOf(worker))).toBe(true);
    await networksOfPods(worker, {hostPorts: 1});
  });

  it('is replaced by kni-demo, also after kill -9, and nothing is left', async () => {
    const switching = start('up', '--verbose', '--yes', ...backToKni, ...named);
    await switching.printed(`switching ${worker} to network kni`);
    await until('the switch to stop the kubelet', async () =>
      (await shell(worker, 'systemctl is-active kubelet || true')).includes('inactive'),
    );
    switching.kill();
    await switching.ended;
    expect((await kniDemo('status', ...named)).stdout).toMatch(
      /an interrupted `kni-demo up` left: .*switched to network kni/,
    );
    expect(await kniDemo('up', '--quiet', '--yes', ...backToKni, ...named)).toMatchObject({
      exitCode: exitCodes.ok,
      stderr: expect.stringContaining(`undone: ${worker} switched to network kni`),
    });
    await podReady(near);
    await reaches(far, await podIp(near));
    await answers(await addressOf(worker));
    await networksOfPods(worker, {hostPorts: 1});
    await removePods(near, far);
    await networksOfPods(worker);
    expect(await Promise.all([worker, controlPlane].map(settings))).toEqual(before);
    expect(await kubectl('get', 'namespaces', '-o', 'name')).not.toContain('kube-flannel');
  });
});

const addressOf = async (node: string): Promise<string> =>
  (await shell(node, "ip -o -4 address show dev eth0 | sed 's/.*inet \\([0-9.]*\\).*/\\1/'")).trim();
