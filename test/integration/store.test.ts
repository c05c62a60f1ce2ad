import {mkdir, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {crc32} from 'node:zlib';
import {afterEach, beforeEach, describe, expect, inject, it} from 'vitest';
import {callRuntime} from '../../runtime/src/client/ask.ts';
import {Inspector} from '../../runtime/src/gen/inspector_pb.ts';
import {leftovers, nothing} from '../rig/node/leftovers.ts';
import {startNode, type TestNode} from '../rig/node/node.ts';
import {attach, bringUp, createNetwork, identify, newPod, takeDown} from '../rig/node/pod.ts';
import {paths, rememberNodes, startRuntime} from '../rig/node/runtime.ts';
import {until} from '../rig/wait.ts';

const RESOURCE_EXHAUSTED = {code: 8};

describe('the state on disk', () => {
  let node: TestNode;
  beforeEach(async () => {
    node = await startNode();
  });
  afterEach(async () => {
    await node[Symbol.asyncDispose]();
  });
  const reconciled = () => callRuntime(node.path(paths.socket), (ask) => ask(Inspector.method.reconcile, {}));
  const command = (...args: readonly string[]) =>
    node.run([process.execPath, inject('runtimeFile'), ...args, `--socket=${paths.socket}`]);
  const journal = () => node.path(`${paths.records}/journal`);

  it('may be full: new calls are refused, failed ones are rolled back, and calls succeed once there is space', async () => {
    await node.run([
      'sh',
      '-c',
      `mkdir -p ${paths.state} && mount -t tmpfs -o size=256k tmpfs ${paths.state}`,
    ]);
    await rememberNodes(node);
    await using runtime = await startRuntime(node);
    const [attached, created] = [newPod('attached'), newPod('created')];
    const up = await bringUp(runtime.kni, attached);
    const netns = await createNetwork(runtime.kni, created);
    await node.run(['sh', '-c', `cat /dev/zero > ${paths.state}/ballast 2>/dev/null || true`]);

    // The rest of the last block may still be used.
    const fill = async () => {
      for (;;) await createNetwork(runtime.kni, newPod('late'));
    };
    await expect(fill()).rejects.toMatchObject(RESOURCE_EXHAUSTED);
    const lateNetns = (await leftovers(node)).netns.length - 2;
    await expect(attach(runtime.kni, created, netns)).rejects.toMatchObject(RESOURCE_EXHAUSTED);
    const full = await leftovers(node);
    expect(full).toMatchObject({veths: [expect.any(String)], leases: [up.ip]});
    expect(full.netns).toHaveLength(2 + lateNetns);

    await runtime.kni.queryPodNetwork(identify(attached));
    await runtime.kni.detachInterface(identify(attached));
    await expect(runtime.kni.queryPodNetwork(identify(attached))).rejects.toMatchObject({code: 9});
    await runtime.kni.deleteNetwork({...identify(attached), netnsPath: up.netns});
    expect(await leftovers(node)).toMatchObject({veths: [], leases: []});

    await rm(node.path(`${paths.state}/ballast`));
    await attach(runtime.kni, created, netns);
    await takeDown(runtime.kni, created, netns);
    for (const name of (await leftovers(node)).netns)
      await runtime.kni.deleteNetwork({netnsPath: `${paths.netns}/${name}`});
    expect(await leftovers(node)).toEqual(nothing);
  });

  it('does not bring back an address that was released while it was full', async () => {
    await node.run([
      'sh',
      '-c',
      `mkdir -p ${paths.state} && mount -t tmpfs -o size=256k tmpfs ${paths.state}`,
    ]);
    await rememberNodes(node);
    const runtime = await startRuntime(node);
    const pod = newPod('released');
    await bringUp(runtime.kni, pod);
    await node.run(['sh', '-c', `cat /dev/zero > ${paths.state}/ballast 2>/dev/null || true`]);
    await runtime.kni.detachInterface(identify(pod));
    await runtime.stop('SIGKILL');
    await rm(node.path(`${paths.state}/ballast`));
    await using next = await startRuntime(node);
    // Known as detached, or, if even that could not be written, not known any more.
    const answer = next.kni.queryPodNetwork(identify(pod));
    await expect(answer).rejects.toMatchObject({code: expect.toBeOneOf([5, 9]) as number});
    expect(await leftovers(node)).toMatchObject({leases: [], veths: []});
  });

  it.each<[string, (text: string) => string]>([
    ['cut off', (text) => text.slice(0, text.indexOf('spoilt'))],
    ['overwritten with zeros in the middle', (text) => text.replace(/"name":"spoilt"/g, '\0'.repeat(15))],
    ['changed by one letter', (text) => text.replaceAll('spoilt', 'Spoilt')],
  ])('may be %s: it is kept aside, and pods keep their addresses', async (_, spoil) => {
    await rememberNodes(node);
    const runtime = await startRuntime(node);
    const [sound, spoilt] = [newPod('sound'), newPod('spoilt')];
    const up = {sound: await bringUp(runtime.kni, sound), spoilt: await bringUp(runtime.kni, spoilt)};
    await runtime.stop('SIGKILL');
    await writeFile(journal(), spoil(await readFile(journal(), 'utf8')));

    await using next = await startRuntime(node);
    expect(await readdir(node.path(`${paths.records}/quarantine`))).toHaveLength(1);
    const {ipconfigs} = await next.kni.queryPodNetwork(identify(sound));
    expect(ipconfigs['eth0']?.ip).toEqual([up.sound.ip]);
    // Its pod may still run: its netns and its address stay reserved.
    const {netns, leases} = await leftovers(node);
    expect(netns).toHaveLength(2);
    expect(leases).toContain(up.spoilt.ip);
    await takeDown(next.kni, sound, up.sound.netns);
    await takeDown(next.kni, spoilt, up.spoilt.netns);
    expect((await leftovers(node)).netns).toEqual([]);
  });

  it('may be lost with all leases: no new pod gets the address of a pod that runs', async () => {
    await rememberNodes(node);
    const runtime = await startRuntime(node);
    const up = [];
    for (const name of ['one', 'two', 'three']) up.push(await bringUp(runtime.kni, newPod(name)));
    await runtime.stop('SIGKILL');
    await rm(node.path(paths.state), {recursive: true});
    await rememberNodes(node);
    await using next = await startRuntime(node);
    const late = await bringUp(next.kni, newPod('late'));
    expect(up.map(({ip}) => ip)).not.toContain(late.ip);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['missing', () => rm(journal())],
    ['empty', () => writeFile(journal(), '')],
    ['missing with its directory', () => rm(node.path(paths.records), {recursive: true})],
  ])('may be %s: pods keep their network until a person accepts the loss', async (_, lose) => {
    await rememberNodes(node);
    const runtime = await startRuntime(node);
    const pods = [newPod('one'), newPod('two')];
    for (const pod of pods) await bringUp(runtime.kni, pod);
    await runtime.stop('SIGKILL');
    await lose();
    const before = {...(await leftovers(node)), records: []};
    expect(before.netns).toHaveLength(2);

    // Twice: the journal that the first start leaves must not end the doubt.
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      const doubting = await startRuntime(node);
      const {problems} = await reconciled();
      expect(problems).toEqual([expect.stringContaining('kni-runtime accept-loss --yes')]);
      expect(doubting.log.find(({msg}) => msg.startsWith('records may be lost'))).toMatchObject({
        level: 'warn',
        file: expect.stringMatching(/^missing-journal-/) as string,
      });
      expect(await leftovers(node)).toEqual(before);
      await doubting.stop(signal);
    }

    await using next = await startRuntime(node);
    const late = newPod('late');
    const {netns, ip} = await bringUp(next.kni, late);
    expect(before.leases).not.toContain(ip);
    const [file = ''] = await readdir(node.path(`${paths.records}/quarantine`));
    await expect(command('accept-loss')).rejects.toThrow(
      new RegExp(`ended with 1: kni-runtime: would move 1 .*${file}.*remove 2 netns .*--yes`),
    );
    expect((await leftovers(node)).netns).toHaveLength(3);
    const accepted = JSON.parse(await command('accept-loss', '--yes')) as {
      reconciled: {removedNetns: string[]; releasedAddresses: string[]; problems: string[]};
    };
    expect(accepted).toMatchObject({files: [file], reconciled: {problems: []}});
    expect(accepted.reconciled.removedNetns).toHaveLength(2);
    expect(accepted.reconciled.releasedAddresses.toSorted()).toEqual(before.leases.toSorted());
    expect(await readdir(node.path(`${paths.records}/quarantine`))).toEqual([]);
    expect(await readdir(node.path(`${paths.records}/accepted`))).toEqual([file]);
    expect((await reconciled()).problems).toEqual([]);
    await takeDown(next.kni, late, netns);
    await until(
      'the links of the lost pods are gone',
      async () => (await leftovers(node)).veths.length === 0,
    );
    expect(await leftovers(node)).toEqual(nothing);
  });

  it('is in no doubt on a new node, and after a reboot that only leases have outlived', async () => {
    await rememberNodes(node);
    const first = await startRuntime(node);
    expect(await readdir(node.path(`${paths.records}/quarantine`))).toEqual([]);
    await first.stop('SIGKILL');
    await rm(journal());
    await mkdir(node.path(paths.leases), {recursive: true});
    await writeFile(node.path(`${paths.leases}/10.77.1.9`), 'gone\neth0');
    await using next = await startRuntime(node);
    await until('the lease is released', async () => (await leftovers(node)).leases.length === 0);
    expect((await reconciled()).problems).toEqual([]);
    expect(await readdir(node.path(`${paths.records}/quarantine`))).toEqual([]);
    expect(await next.kni.queryNodeNetworks({})).toMatchObject({networks: [{ready: true}]});
  });

  it('whose loss is accepted is not in doubt after damage either', async () => {
    await rememberNodes(node);
    const runtime = await startRuntime(node);
    await bringUp(runtime.kni, newPod('spoilt'));
    await runtime.stop('SIGKILL');
    await writeFile(journal(), (await readFile(journal(), 'utf8')).replaceAll('spoilt', 'Spoilt'));
    await using next = await startRuntime(node);
    expect((await reconciled()).problems).toHaveLength(1);
    expect((await leftovers(node)).netns).toHaveLength(1);
    expect(JSON.parse(await command('accept-loss', '--yes'))).toMatchObject({reconciled: {problems: []}});
    expect(await leftovers(node)).toMatchObject({netns: [], leases: []});
    await next.stop('SIGKILL');
  });

  it('is not touched when a later version has written it', async () => {
    await rememberNodes(node);
    const runtime = await startRuntime(node);
    await createNetwork(runtime.kni, newPod('future'));
    await runtime.stop('SIGKILL');
    const line = '{"version":3}';
    const text = `${await readFile(journal(), 'utf8')}${crc32(line).toString(16).padStart(8, '0')} ${line}\n`;
    await writeFile(journal(), text);
    await expect(startRuntime(node)).rejects.toThrow('version 3');
    expect(await readFile(journal(), 'utf8')).toBe(text);
  });

  it('may be read-only: queries are answered, new calls are refused with the reason', async () => {
    await rememberNodes(node);
    const runtime = await startRuntime(node);
    const pod = newPod('lasting');
    const {ip, netns} = await bringUp(runtime.kni, pod);
    await runtime.stop('SIGKILL');
    const mount = (options: string) => node.run(['mount', '-o', options, paths.state]);
    await node.run(['mount', '--bind', paths.state, paths.state]);
    await mount('remount,bind,ro');

    await using next = await startRuntime(node);
    const {ipconfigs} = await next.kni.queryPodNetwork(identify(pod));
    expect(ipconfigs['eth0']?.ip).toEqual([ip]);
    await expect(createNetwork(next.kni, newPod('late'))).rejects.toMatchObject({code: 14});
    const readiness = async () => (await next.kni.queryNodeNetworks({})).networks[0];
    expect(await readiness()).toMatchObject({ready: false, extradata: {reason: 'StateNotWritable'}});

    await mount('remount,bind,rw');
    await until('it can be written again', async () => (await readiness())?.ready === true);
    await takeDown(next.kni, pod, netns);
    expect(await leftovers(node)).toEqual(nothing);
  });
});
