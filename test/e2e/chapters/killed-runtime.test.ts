/** The runtime is killed many times, which no pod notices: packets do not pass through the runtime. */

import {describe, expect, it} from 'vitest';
import {apply, controlPlane, kubectl, onNode, shell, worker} from '../../rig/cluster/cluster.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {podIp, podReady, samplePod} from '../../rig/cluster/pods.ts';
import {until} from '../../rig/wait.ts';

useCluster();

describe('a runtime that hangs', () => {
  it('is restarted by the watchdog', async () => {
    const before = await mainPid(worker);
    await onNode(worker, 'systemctl', 'kill', '--kill-whom=main', '--signal=SIGSTOP', 'kni');
    await until('a new runtime to serve', async () => {
      const now = await mainPid(worker);
      return now !== '0' && now !== before && (await serves(worker));
    });
    expect(await onNode(worker, 'journalctl', '--unit=kni', '--no-pager')).toContain('Watchdog timeout');
  });
});

describe('a runtime that is killed and restarted twenty times', () => {
  it('loses no packet between pods on different nodes', async () => {
    await apply(samplePod('pinging', {}));
    await apply(samplePod('pinged', {spec: {nodeName: controlPlane}}));
    await podReady('pinging');
    await podReady('pinged');
    const inPod = (script: string) => kubectl('exec', 'pinging', '--', '/bin/ash', '-c', script);
    const pid = await inPod(`ping -i 0.2 ${await podIp('pinged')} >/tmp/pings 2>&1 & echo $!`);
    const sequence = async () =>
      [...(await inPod('cat /tmp/pings')).matchAll(/ seq=(\d+) /g)].map(([, number]) => Number(number));
    await until('the first answer', async () => (await sequence()).length > 0);

    const pids = new Set<string>();
    for (let round = 0; round < 20; round++) {
      const node = round % 4 < 2 ? worker : controlPlane;
      const before = await mainPid(node);
      pids.add(`${node} ${before}`);
      await (round % 2 === 0
        ? onNode(node, 'systemctl', 'kill', '--signal=SIGKILL', 'kni')
        : onNode(node, 'systemctl', 'restart', 'kni'));
      await until('a new runtime to serve', async () => {
        const now = await mainPid(node);
        return now !== '0' && now !== before && (await serves(node));
      });
    }
    expect(pids.size).toBe(20);

    const seen = (await sequence()).length;
    await until('answers after the last restart', async () => (await sequence()).length > seen);
    await inPod(`kill ${pid}`);
    const answered = await sequence();
    expect(answered).toEqual(answered.map((_, index) => index));
  });
});

const mainPid = (node: string): Promise<string> =>
  onNode(node, 'systemctl', 'show', 'kni', '--value', '--property=MainPID');

const serves = async (node: string): Promise<boolean> =>
  (await shell(node, 'ss --listening --unix --no-header src /run/kni/kni.sock')) !== '';
