/** Networks by name, from files, and from a web server of the test. */

import {createHash} from 'node:crypto';
import {readFile, writeFile} from 'node:fs/promises';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {stringify} from 'yaml';
import {dirsOf} from '../../src/cache/dirs.ts';
import {UserError} from '../../src/errors.ts';
import {definition} from '../../src/networks/definition.ts';
import {loadNetwork} from '../../src/networks/load.ts';
import {network as networkSchema} from '../../src/networks/network.ts';
import {project} from '../../src/project.ts';
import {stackNames} from '../../src/stacks/load.ts';
import {parseYaml} from '../../src/stacks/parse.ts';
import {envOf, rejection} from '../rig/demo.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

const daemonSetWith = (pod: object) => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: {name: 'agent'},
  spec: {template: {spec: {containers: [{name: 'agent', image: 'example.org/agent:v1'}], ...pod}}},
});
const daemonSet = daemonSetWith({
  hostNetwork: true,
  tolerations: [{operator: 'Exists', effect: 'NoSchedule'}],
});
const configMap = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {name: 'settings'},
  data: {'net.json': '{"Network": "10.244.0.0/16"}', image: 'not an image'},
};
const manifest = [configMap, daemonSet].map((each) => stringify(each)).join('---\n');
const digest = `sha256:${'0'.repeat(64)}`;
const agent = {
  name: 'agent',
  title: 'An agent',
  cniName: 'agent0',
  manifest: {file: 'agent-manifest.yaml'},
  images: [{name: 'example.org/agent:v1', digest}],
  neededFiles: ['/run/agent/env'],
  podSubnet: {configMap: 'settings', key: 'net.json', field: 'Network'},
  leftovers: {links: ['agent0'], chains: ['AGENT-']},
};
const {signal} = new AbortController();

let dir: TempDir;
let url: string;
const pages: Readonly<Record<string, string>> = {
  '/agent.yaml': manifest,
  '/agent.yaml?version=1': manifest,
  '/': manifest,
  '/mine.conflist': '{"cniVersion":"1.0.0","name":"mine","plugins":[{"type":"bridge"}]}',
  '/definition.yaml': stringify({name: 'agent', manifest: {file: 'x'}}),
};
const server = createServer((request, response) => {
  if (request.url === '/slow.yaml') return void response.write('a');
  if (request.url === '/moved.yaml') response.setHeader('location', '/agent.yaml');
  response.statusCode = request.url === '/moved.yaml' ? 302 : 200;
  const page = pages[request.url ?? ''];
  if (page === undefined && response.statusCode === 200) response.statusCode = 404;
  response.end(page);
});

beforeAll(async () => {
  dir = await tempDir();
  await writeFile(dir.join('agent-manifest.yaml'), manifest);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await dir[Symbol.asyncDispose]();
});

const load = (
  choice: string,
  {podSubnet = '10.244.0.0/16', mayWrite = true, downloadTimeout = 30_000} = {},
) => {
  const dirs = dirsOf(envOf(dir));
  return loadNetwork(choice, {dir: dir.path, podSubnet, dirs, mayWrite, downloadTimeout, signal});
};
const file = async (name: string, content: unknown): Promise<string> => {
  await writeFile(dir.join(name), typeof content === 'string' ? content : stringify(content));
  return dir.join(name);
};

describe('loadNetwork', () => {
  it('knows the network of kni-demo', async () => {
    expect(await load('kni')).toBe('kni');
  });

  it('loads a definition by its name, with the digests of its images', async () => {
    await file('agent.yaml', agent);
    expect(await load('agent')).toEqual({
      name: 'agent',
      cniName: 'agent0',
      manifest: expect.stringContaining(`"image":"example.org/agent:v1@${digest}"`),
      neededFiles: ['/run/agent/env'],
      leftovers: {links: ['agent0'], paths: [], state: [], chains: ['AGENT-']},
      isKnown: true,
    });
  });

  it('downloads a pinned manifest once', async () => {
    const sha256 = createHash('sha256').update(manifest).digest('hex');
    const path = await file('web.yaml', {...agent, manifest: {url: `${url}/agent.yaml`, sha256}});
    const again = await file('gone.yaml', {...agent, manifest: {url: `${url}/gone.yaml`, sha256}});
    expect(await load(path, {mayWrite: false})).toMatchObject({name: 'agent', isKnown: true});
    await rejection(load(again), UserError);
    expect(await load(path)).toMatchObject({name: 'agent', isKnown: true});
    expect(await load(again)).toMatchObject({name: 'agent'});
  });

  it('takes any manifest with a DaemonSet, from a file or a URL', async () => {
    const expected = {name: 'agent', manifest: expect.stringContaining('DaemonSet'), isKnown: false};
    expect(await load(`${url}/agent.yaml`)).toMatchObject(expected);
    expect(await load(dir.join('agent-manifest.yaml'))).toMatchObject({...expected, name: 'agent-manifest'});
    const json = await file(
      'list.json',
      JSON.stringify({apiVersion: 'v1', kind: 'List', items: [daemonSet]}),
    );
    expect(await load(json)).toMatchObject({...expected, name: 'list'});
  });

  it.each([
    ['/moved.yaml', 'moved', 'moved'],
    ['/agent.yaml?version=1', 'agent', 'agent'],
    ['/', '127.0.0.1', '127.0.0.1'],
    ['/mine.conflist', 'mine.conflist', 'mine'],
  ])('takes a URL: %s', async (path, name, cniName) => {
    const network = await load(`${url}${path}`);
    expect(network).toMatchObject({name, cniName});
    expect(networkSchema.parse(network)).toEqual(network);
  });

  it('gives a manifest a name that the record of the cluster can keep', async () => {
    for (const name of ['_agent (1).yaml', '.yaml', 'ä.yml'])
      expect(networkSchema.safeParse(await load(await file(name, manifest)))).toMatchObject({success: true});
  });

  it('takes files of an editor on Windows', async () => {
    const text = '\uFEFF{"cniVersion":"1.0.0",\r\n"name":"mine","plugins":[{"type":"bridge"}]}\r\n';
    expect(await load(await file('windows.conflist', text))).toMatchObject({conflist: text.slice(1)});
    const yaml = `\uFEFF${stringify(agent)}`.replaceAll('\n', '\r\n');
    expect(await load(await file('windows.yaml', yaml))).toMatchObject({name: 'agent', isKnown: true});
  });

  it('takes a CNI configuration', async () => {
    const text = '{"cniVersion":"1.0.0","name":"mine","plugins":[{"type":"bridge"}]}';
    expect(await load(await file('mine.conflist', text))).toMatchObject({
      name: 'mine.conflist',
      cniName: 'mine',
      conflist: text,
      leftovers: {links: ['cni0']},
    });
  });

  it.each([
    ['an unknown name', async () => 'calico', 'KNI-E223', /the known networks are kni, .*agent/],
    ['a missing file', async () => dir.join('no.yaml'), 'KNI-E223', /does not exist/],
    ['a file of another kind', () => file('some.txt', ''), 'KNI-E223', /must end with \.conflist/],
    [
      'an invalid configuration',
      () => file('bad.conflist', '{}'),
      'KNI-E223',
      /^cniVersion: missing\nname: missing\nplugins: missing$/,
    ],
    [
      'a configuration that is a list',
      () => file('bad.conflist', '[]'),
      'KNI-E223',
      /^must be fields, not a list$/,
    ],
    ['a manifest without a DaemonSet', () => file('job.yaml', configMap), 'KNI-E223', /no DaemonSet/],
    [
      'a DaemonSet that needs the network first',
      () => file('late.yaml', daemonSetWith({tolerations: [{operator: 'Exists'}]})),
      'KNI-E223',
      /^no DaemonSet has hostNetwork: true/,
    ],
    ...[undefined, [], [{key: 'other', operator: 'Exists'}], [{operator: 'Exists', effect: 'NoExecute'}]].map(
      (tolerations): [string, () => Promise<string>, string, RegExp] => [
        `a DaemonSet with tolerations ${JSON.stringify(tolerations)}`,
        () => file('taint.yaml', daemonSetWith({hostNetwork: true, tolerations})),
        'KNI-E223',
        /^no DaemonSet tolerates the taint of the control plane/,
      ],
    ),
    ['YAML without objects', () => file('none.yaml', '- 1\n'), 'KNI-E223', /object 1 has no apiVersion/],
    [
      'an unknown field of a definition',
      () => file('field.yaml', {...agent, colour: 'red'}),
      'KNI-E223',
      /field\.yaml:\d+: colour: unknown field/,
    ],
    ['an image that is not pinned', () => file('pin.yaml', {...agent, images: []}), 'KNI-E223', /not pinned/],
    [
      'a manifest that differs from its checksum',
      () => file('sum.yaml', {...agent, manifest: {url: `${url}/agent.yaml`, sha256: 'f'.repeat(64)}}),
      'KNI-E111',
      /its sha256 is/,
    ],
    ['a directory', async () => dir.path, 'KNI-E223', /^it is a directory$/],
    [
      'a definition whose manifest is a directory',
      () => file('dir.yaml', {...agent, manifest: {file: '.'}}),
      'KNI-E223',
      /^its manifest .* is a directory$/,
    ],
    [
      'a definition whose manifest is missing',
      () => file('nothing.yaml', {...agent, manifest: {file: 'no.yaml'}}),
      'KNI-E223',
      /^its manifest .*no\.yaml does not exist$/,
    ],
    [
      'a definition that would remove /etc',
      () => file('etc.yaml', {...agent, leftovers: {paths: ['/etc']}}),
      'KNI-E223',
      /directory at the root/,
    ],
    [
      'a definition that leaves its directory',
      () => file('up.yaml', {...agent, leftovers: {paths: ['/run/agent/../../etc']}}),
      'KNI-E223',
      /absolute path/,
    ],
    ['a definition at a URL', async () => `${url}/definition.yaml`, 'KNI-E223', /must be a file/],
    ['a URL without a host', async () => 'https://', 'KNI-E223', /not valid/],
    ['a page that is missing', async () => `${url}/missing.yaml`, 'KNI-E107', /HTTP 404/],
  ])('refuses %s', async (_, choice, errorCode, why) => {
    const error = await rejection(load(await choice()), UserError);
    expect(error).toMatchObject({errorCode, why: expect.stringMatching(why)});
  });

  it('refuses a page that never ends', async () => {
    expect(await rejection(load(`${url}/slow.yaml`, {downloadTimeout: 500}), UserError)).toMatchObject({
      errorCode: 'KNI-E107',
      why: expect.stringContaining('no complete answer within 0.5 s'),
    });
  });

  it('says what to do if a manifest cannot be downloaded, and points to the docs for one of a definition', async () => {
    const missing = `${url}/missing.yaml`;
    const direct = await rejection(load(missing), UserError);
    expect(direct).toMatchObject({
      message: expect.stringContaining(`cannot download ${missing}`),
      tryThis: 'check the network, or download it elsewhere and pass the file: --cni FILE',
    });
    const path = await file('far.yaml', {...agent, manifest: {url: missing, sha256: 'f'.repeat(64)}});
    expect(await rejection(load(path), UserError)).toMatchObject({
      message: direct.message,
      tryThis: expect.stringContaining('docs/networks.md#without-internet'),
    });
  });

  it('refuses a network whose range of pods differs from that of the stack', async () => {
    const error = await rejection(
      load(await file('subnet.yaml', agent), {podSubnet: '10.0.0.0/8'}),
      UserError,
    );
    expect(error).toMatchObject({errorCode: 'KNI-E224', why: expect.stringContaining('10.244.0.0/16')});
  });
});

describe('manifests/networks', () => {
  it('has only valid definitions, named like their files', async () => {
    for (const name of await stackNames(project.networks)) {
      const path = `${project.networks}/${name}.yaml`;
      expect(parseYaml(await readFile(path, 'utf8'), path, definition)).toMatchObject({
        ok: true,
        value: {name},
      });
    }
  });
});
