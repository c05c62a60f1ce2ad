import {readFileSync} from 'node:fs';
import * as fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {parse, stringify} from 'yaml';
import {parseStack} from '../../src/stacks/parse.ts';

const bookworm = readFileSync(new URL('../../manifests/stacks/bookworm.yaml', import.meta.url), 'utf8');

const problemsOf = (yaml: string, name = 'bookworm'): readonly string[] => {
  const parsed = parseStack(yaml, {path: `${name}.yaml`, name});
  return parsed.ok ? [] : parsed.problems;
};

/** A shipped stack with one change, which must be one. */
const changed = (from: string | RegExp, to: string, shipped = bookworm): string => {
  const yaml = shipped.replace(from, to);
  expect(yaml).not.toBe(shipped);
  return yaml;
};

/** Counting from 1, as editors do. */
const lineWith = (yaml: string, text: string): number =>
  yaml.split('\n').findIndex((line) => line.includes(text)) + 1;

/** The paths of all fields and list items. */
const pathsIn = (value: unknown): readonly (readonly (string | number)[])[] => {
  if (typeof value !== 'object' || value === null) return [];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.flatMap(([key, each]) => [[key], ...pathsIn(each).map((path) => [key, ...path])]);
};

const without = (value: unknown, [key, ...rest]: readonly (string | number)[]): unknown => {
  if (Array.isArray(value)) {
    return rest.length === 0
      ? value.filter((_, index) => index !== key)
      : value.map((each: unknown, index) => (index === key ? without(each, rest) : each));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, each]) => {
      if (name !== key) return [[name, each]];
      return rest.length === 0 ? [] : [[name, without(each, rest)]];
    }),
  );
};

describe('parseStack', () => {
  it('returns the stack unchanged', () => {
    expect(parseStack(bookworm, {path: 'bookworm.yaml', name: 'bookworm'})).toEqual({
      ok: true,
      stack: parse(bookworm),
    });
  });

  it('reports a missing field with the line of its parent', () => {
    const yaml = changed(
      '- name: containerd_1.6.20~ds1.orig.tar.xz\n        sha256: 2701',
      '- name: x\n        sha: 2701',
    );
    const line = lineWith(yaml, 'name: x');
    expect(problemsOf(yaml)).toEqual([
      `bookworm.yaml:${line}: containerd.source.files[0].sha256: missing`,
      `bookworm.yaml:${line + 1}: containerd.source.files[0].sha: unknown field`,
    ]);
  });

  it.each([
    [
      'sha256: b83c',
      'sha256: B83C',
      'kubernetes.source.files[0].sha256: must be 64 lower-case hexadecimal digits',
    ],
    ['version: v1.20.2', 'version: 1.20.2', 'kubernetes.version: must be a version such as v1.20.2'],
    ['version: 1.6.20\n', 'version: 1.6\n', 'containerd.version: must be text, not 1.6; put it in quotes'],
    ['coredns: false', 'coredns: no', 'features.coredns: must be true or false, not the text "no"'],
    ['title: ', 'title: # ', 'title: missing'],
    [
      'patches: bookworm/containerd',
      'patches: ../../etc',
      'containerd.patches: must be a relative path such as bookworm/kubernetes',
    ],
    [
      'patches: bookworm/containerd',
      'patches: a/../b',
      'containerd.patches: must be a relative path such as bookworm/kubernetes',
    ],
    ['pause: k8s.gcr.io/pause:3.2', 'pause: [a]', 'node.images.pause: must be text, not a list'],
    [
      'integrity: sha512-qHnz',
      'integrity: sha1-qHnz',
      'nodejs.packages.amd64.integrity: must be sha512- and 88 base64 digits',
    ],
    [
      'serviceSubnet: 10.96.0.0/16',
      'serviceSubnet: 10.96.0.0/33',
      'cluster.serviceSubnet: must be an IPv4 range such as 10.244.0.0/16',
    ],
    [
      'serviceSubnet: 10.96.0.0/16',
      'serviceSubnet: 10.244.128.0/17',
      'cluster.serviceSubnet: must not overlap podSubnet',
    ],
    ['name: bookworm\n', 'name: other\n', 'name: must be bookworm, like the file'],
    [
      '  hostPackages: [iptables, runc]',
      '  hostPackages: [iptables, "rm -rf"]',
      'engine.hostPackages[1]: must be the name of a Debian package',
    ],
    ['name: kind_0', 'name: ../kind_0', 'node.kind.files[0].name: must be a file name'],
    [/^features:/m, 'extra: 1\nfeatures:', 'extra: unknown field'],
  ])('%j → %j: %s', (from, to, problem) => {
    const yaml = changed(from, to);
    const [line = ''] = problemsOf(yaml);
    expect(problemsOf(yaml)).toHaveLength(1);
    expect(line.replace(/:\d+:/, ':')).toBe(`bookworm.yaml: ${problem}`);
  });

  it('gives the line of the wrong value', () => {
    const yaml = changed('version: v1.20.2', 'version: latest');
    expect(problemsOf(yaml)).toEqual([
      `bookworm.yaml:${lineWith(yaml, 'version: latest')}: kubernetes.version: must be a version such as v1.20.2`,
    ]);
  });

  it.each([
    ['an open bracket', 'name: [a\n', /^bookworm\.yaml:\d+: not YAML: /],
    ['a key that stands twice', 'name: a\nname: b\n', /^bookworm\.yaml:2: not YAML: Map keys must be unique/],
    ['a tab', 'a:\n\tb: 1\n', /^bookworm\.yaml:2: not YAML: /],
    ['an empty file', '', /^bookworm\.yaml:1: must be fields, not empty$/],
    ['a list', '- name: a\n', /^bookworm\.yaml:1: must be fields, not a list$/],
    ['an alias to nothing', 'a: *b\n', /^bookworm\.yaml:1: /],
  ])('refuses %s', (_, yaml, problem) => {
    expect(problemsOf(yaml)).toEqual([expect.stringMatching(problem)]);
  });

  it('reports every missing field', () => {
    const whole: unknown = parse(bookworm);
    const optional = new Set(['containerd.buildDependencies']);
    const fields = pathsIn(whole).filter(
      (path) => typeof path.at(-1) === 'string' && !optional.has(path.join('.')),
    );
    expect(fields.length).toBeGreaterThan(40);
    for (const path of fields) {
      const [problem, ...more] = problemsOf(stringify(without(whole, path)));
      expect(problem).toMatch(/: missing$/);
      expect(more).toEqual([]);
    }
  });

  it('returns a message for any text, and never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string({unit: fc.constantFrom('a', ':', ' ', '\n', '-', '[', '&', '*', '!', '{', '|')}),
        ),
        (yaml) => {
          for (const problem of problemsOf(yaml)) expect(problem).toMatch(/^bookworm\.yaml:\d+: \S/);
          expect(problemsOf(yaml).length).toBeGreaterThan(0);
        },
      ),
    );
  });

  describe('of a stack of releases', () => {
    const upstream = readFileSync(new URL('../../manifests/stacks/upstream.yaml', import.meta.url), 'utf8');

    it.each([
      [
        'kindest/node:v1.36.4@',
        'kindest/node:v1.36.1@',
        'node.image: must have the version of kubernetes, v1.36.4',
      ],
      [
        '    tag: v1.36.4',
        '    tag: v1.36.3',
        'kubernetes.source.tag: must be v1.36.4, the version of kubernetes',
      ],
      [
        '    tag: v2.3.4',
        '    tag: 2.3.4',
        'containerd.source.tag: must be v2.3.4, the version of containerd',
      ],
      ['from: git', 'from: svn', 'kubernetes.source.from: must be debian or git'],
      [
        'kindest/node:v1.36.4@sha256:099e',
        'kindest/node:v1.36.4@sha256:99e',
        'node.image: must be an image with its version and digest, such as kindest/node:v1.36.4@sha256:…',
      ],
      ['commit: bb82', 'commit: BB82', 'kubernetes.source.commit: must be 40 lower-case hexadecimal digits'],
      ['layout: modules', 'layout: bazel', 'builder.go.layout: must be gopath or modules'],
      ['cri: v1\n', 'cri: v2\n', 'kubernetes.cri: must be v1alpha2 or v1'],
    ])('%j → %j: %s', (from, to, problem) => {
      const [line = '', ...more] = problemsOf(changed(from, to, upstream), 'upstream');
      expect([line.replace(/:\d+:/, ':'), ...more]).toEqual([`upstream.yaml: ${problem}`]);
    });
  });
});
