import {describe, expect, it} from 'vitest';
import {netnsOf} from '../../src/tools/ctr.ts';
import {parseNodeContainers} from '../../src/tools/docker.ts';
import {parsePacked} from '../../src/tools/npm.ts';

const node = {
  name: 'test1-worker',
  state: 'running',
  image: 'kni-demo/node:1',
  cluster: 'test1',
  role: 'worker',
  stack: 'bookworm',
  system: '0123456789abcdef',
  mounts: '/lib/modules',
};
const lines = (...nodes: readonly object[]): string => nodes.map((each) => JSON.stringify(each)).join('\n');

describe('parseNodeContainers', () => {
  it('gives the nodes by name', () => {
    const other = {...node, name: 'test1-control-plane', role: 'control-plane', state: 'exited', stack: ''};
    expect(parseNodeContainers(`${lines(node, other)}\n`)).toEqual([
      {
        name: 'test1-control-plane',
        cluster: 'test1',
        role: 'control-plane',
        running: false,
        image: 'kni-demo/node:1',
        stack: undefined,
        system: '0123456789abcdef',
        mounts: '/lib/modules',
      },
      {
        name: 'test1-worker',
        cluster: 'test1',
        role: 'worker',
        running: true,
        image: 'kni-demo/node:1',
        stack: 'bookworm',
        system: '0123456789abcdef',
        mounts: '/lib/modules',
      },
    ]);
  });

  it.each(['paused', 'created', 'restarting', 'dead'])('takes one that is %s for not running', (state) => {
    expect(parseNodeContainers(lines({...node, state}))).toMatchObject([{running: false}]);
  });

  it('leaves out a container that docker is removing', () => {
    expect(parseNodeContainers(lines({...node, state: 'removing'}))).toEqual([]);
  });

  it('finds nothing in nothing', () => {
    expect(parseNodeContainers('')).toEqual([]);
  });

  it('reports in one line what it cannot read', () => {
    expect(() => parseNodeContainers(lines({...node, role: null}))).toThrow(
      /^cannot read the output of docker ps: role: .*$/,
    );
    expect(() => parseNodeContainers('WARNING: something')).toThrow(
      /^cannot read the output of docker ps: .*JSON.*$/,
    );
  });
});

describe('parsePacked', () => {
  const packed = {filename: 'node-1.0.0.tgz', integrity: 'sha512-abc'};

  it.each([
    ['an array', [{...packed, size: 1, files: []}]],
    ['an object by name', {node: {...packed, size: 1}}],
  ])('reads %s', (_, printed) => {
    expect(parsePacked(JSON.stringify(printed, null, 2))).toEqual(packed);
  });

  it.each([['[]'], ['{}']])('refuses %s', (printed) => {
    expect(() => parsePacked(printed)).toThrow('npm pack wrote no tarball');
  });

  it.each([['null'], ['[{"filename":"a"}]'], ['npm notice\n[]'], ['']])('does not believe %j', (printed) => {
    expect(() => parsePacked(printed)).toThrow(/^cannot read the output of npm pack: /);
  });
});

describe('netnsOf', () => {
  const info = (namespaces: unknown): string => JSON.stringify({ID: 'abc', Spec: {linux: {namespaces}}});

  it('gives the path of the network namespace', () => {
    const namespaces = [
      {type: 'pid'},
      {type: 'network', path: '/run/netns/kni-a'},
      {type: 'ipc', path: '/x'},
    ];
    expect(netnsOf(info(namespaces))).toBe('/run/netns/kni-a');
  });

  it.each([
    ['a netns without a path', [{type: 'network'}]],
    ["the host's", [{type: 'pid'}]],
  ])('gives no path for %s', (_, namespaces) => {
    expect(netnsOf(info(namespaces))).toBeUndefined();
  });

  it('does not take another shape for "none"', () => {
    expect(() => netnsOf('{"Spec":{}}')).toThrow(
      'cannot read the output of ctr containers info: Spec.linux: ',
    );
  });
});
