import {describe, expect, it} from 'vitest';
import {clusterOf} from '../../src/cluster/cluster.ts';
import {type Evidence, gatherEvidence, judge} from '../../src/cluster/proof.ts';
import {CommandError} from '../../src/host/command-error.ts';
import type {Command} from '../../src/host/host.ts';
import {sandboxesOfPod, sandboxInfo} from '../../src/tools/ctr.ts';
import {runtimeJournal} from '../../src/tools/journalctl.ts';
import {askSandbox} from '../../src/tools/kni-runtime.ts';
import {kubectl} from '../../src/tools/kubectl.ts';
import {exchange, node, rejection} from '../rig/demo.ts';
import {evidence, ip, ipAddr, lines, netns, pod, sandbox} from '../rig/evidence.ts';
import {fakeHost} from '../rig/fake-host.ts';

describe('gatherEvidence', () => {
  const nodes = [node('test1-control-plane'), node('test1-worker')];
  const on = (name: string, [file, args]: Command): Command => ['docker', ['exec', name, file, ...args]];
  const sandboxes = on('test1-worker', sandboxesOfPod('uid-1'));
  const journal = on('test1-worker', runtimeJournal({pattern: 'uid-1'}));
  const address = exchange(
    on(
      'test1-control-plane',
      kubectl('exec', '-n', 'default', 'samplepod', '--', 'ip', 'addr', 'show', 'eth0'),
    ),
    ipAddr,
  );
  const info = (id: string, path: string): string =>
    exchange(
      on('test1-worker', sandboxInfo(id)),
      JSON.stringify({Spec: {linux: {namespaces: [{type: 'network', path}]}}}),
    );
  const gather = async (...transcript: readonly string[]): Promise<Evidence> => {
    using host = fakeHost(transcript.join(''));
    return await gatherEvidence(clusterOf(host, nodes), pod, new AbortController().signal);
  };
  const texts = lines.map((line) => JSON.stringify(line));

  it('asks containerd, the journal and the pod', async () => {
    const gathered = await gather(
      exchange(sandboxes, sandbox),
      exchange(journal, 'Started kni.service.', ...texts),
      address,
      info(sandbox, netns),
    );
    expect(gathered).toEqual({...evidence, ipAddr: ipAddr.trimEnd()});
    expect(judge(gathered).every(({holds}) => holds)).toBe(true);
  });

  it.each([
    ['{"gitVersion": "v1.20.2"}', {succeeded: true, found: 'v1.20.2'}],
    ['<html>', {succeeded: false, found: 'another answer'}],
  ])('lets the pod make a request by name: %s', async (printed, byName) => {
    const request = kubectl(
      'exec',
      '-n',
      'default',
      'samplepod',
      '--',
      'wget',
      '-q',
      '-T',
      '5',
      '-O',
      '-',
      'https://kubernetes.default/version',
    );
    const transcript = [
      exchange(sandboxes, sandbox),
      exchange(journal, ...texts),
      address,
      exchange(on('test1-control-plane', request), printed),
      info(sandbox, netns),
    ];
    using host = fakeHost(transcript.join(''));
    const {signal} = new AbortController();
    const gathered = await gatherEvidence(clusterOf(host, nodes), pod, signal, {byName: true});
    expect(gathered.byName).toEqual(byName);
  });

  it('chooses the sandbox of containerd that was attached last', async () => {
    const gathered = await gather(
      exchange(sandboxes, 'old', sandbox),
      exchange(journal, ...texts),
      address,
      info(sandbox, netns),
    );
    expect(gathered.sandbox).toBe(sandbox);
  });

  const query = (id: string): Command => on('test1-worker', askSandbox(id));

  it('keeps a sandbox that the runtime does not know, so that the checks can report it', async () => {
    const gathered = await gather(
      exchange(sandboxes, 'foreign'),
      exchange(journal),
      address,
      info('foreign', '/run/netns/cni-1'),
      exchange(query('foreign'), '2> kni-runtime: NOT_FOUND: unknown sandbox', '[exit code 1]'),
    );
    expect(gathered).toMatchObject({
      sandbox: 'foreign',
      netns: '/run/netns/cni-1',
      lines: [],
      asked: {kind: 'refused', why: 'NOT_FOUND: unknown sandbox'},
    });
  });

  it('asks a runtime that logs in its own words', async () => {
    const gathered = await gather(
      exchange(sandboxes, sandbox),
      exchange(journal, 'created a network for uid-1'),
      address,
      info(sandbox, netns),
      exchange(query(sandbox), JSON.stringify({ipconfigs: {eth0: {ip: [ip], mac: ''}}, extradata: {}})),
    );
    expect(gathered).toMatchObject({lines: [], asked: {kind: 'answered', ips: [ip]}});
    expect(judge(gathered).every(({holds}) => holds)).toBe(true);
  });

  it('does not ask a runtime that logs its calls before the kubelet does', async () => {
    const gathered = await gather(
      exchange(sandboxes, sandbox),
      exchange(journal, ...texts.slice(0, 2)),
      address,
      info(sandbox, netns),
    );
    expect(gathered.asked).toBeUndefined();
  });

  it.each([['-- No entries --'], []])('takes a journal without such lines for empty', async (...said) => {
    const gathered = await gather(exchange(sandboxes), exchange(journal, ...said, '[exit code 1]'), address);
    expect(gathered).toMatchObject({sandbox: '', netns: undefined, lines: []});
  });

  it('does not take a journal that cannot be read for empty', async () => {
    const gathering = gather(
      exchange(sandboxes),
      exchange(journal, 'Failed to open journal', '[exit code 1]'),
      address,
    );
    expect((await rejection(gathering, CommandError)).output).toBe('Failed to open journal');
  });
});
