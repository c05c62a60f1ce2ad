import {describe, expect, it} from 'vitest';
import {microsecondsOf, timeText} from '../../../src/cluster/events/event.ts';
import {journalPattern, journalReader} from '../../../src/cluster/events/journal-events.ts';
import {createNames} from '../../../src/cluster/events/names.ts';
import {podReader} from '../../../src/cluster/events/pod-events.ts';
import {parseRuntimeEvent} from '../../../src/cluster/events/runtime-events.ts';

const sandbox = 'c98606b54d98c62544ed18feacb7e23d6f19d38d72573a02a32af75410f26e83';
const container = '18e932414b2da3bd51f242ab85ee912e9b385a4a09a9dfcee90eb7e67f014c95';
const uid = 'b5351052-d269-4058-ab8a-dbf9d972a2d0';

const journal = (unit: string, message: string, time = '2026-11-28T15:47:09.300000Z'): string =>
  JSON.stringify({
    MESSAGE: message,
    _SYSTEMD_UNIT: `${unit}.service`,
    __REALTIME_TIMESTAMP: String(microsecondsOf(time)),
  });
const containerd = (msg: string, rest = '', time = '2026-11-28T15:47:09.091557835Z'): string =>
  journal('containerd', `time="${time}" level=info msg=${JSON.stringify(msg)}${rest}`);
const kubelet = (text: string): string =>
  journal('kubelet', `I1128 15:47:08.921053     272 kubelet.go:1888] ${text}`);

const shorten = (events: readonly object[]) =>
  events.map((event) => Object.fromEntries(Object.entries(event).filter(([, value]) => value !== undefined)));

describe('lines of containerd', () => {
  const base = {version: 1, node: 'n', source: 'containerd', time: '2026-11-28T15:47:09.091557Z'};
  const metadata = [
    `&PodSandboxMetadata{Name:samplepod,Uid:${uid},Namespace:default,Attempt:0,}`,
    `name:"samplepod" uid:"${uid}" namespace:"default"`,
    `name:"samplepod"  uid:"${uid}"  namespace:"default"  attempt:1`,
  ];

  it.each(metadata)('tell of a sandbox and its pod: %s', (text) => {
    const read = journalReader('n');
    const pod = {pod: 'default/samplepod', uid};
    expect(shorten(read(containerd(`RunPodSandbox for ${text}`)))).toEqual([
      {...base, kind: 'sandbox-starting', ...pod},
    ]);
    expect(shorten(read(containerd(`RunPodSandbox for ${text} returns sandbox id "${sandbox}"`)))).toEqual([
      {...base, kind: 'sandbox-started', ...pod, sandbox},
    ]);
    expect(shorten(read(containerd(`RunPodSandbox for ${text} failed, error`, ' error="no netns"')))).toEqual(
      [{...base, kind: 'sandbox-started', ...pod, error: 'no netns'}],
    );
  });

  it('tell of containers, whose sandbox is remembered', () => {
    const read = journalReader('n');
    const kinds = [
      `CreateContainer within sandbox "${sandbox}" for container &ContainerMetadata{Name:samplepod,Attempt:0,}`,
      `CreateContainer within sandbox "${sandbox}" for &ContainerMetadata{Name:samplepod,Attempt:0,} returns container id "${container}"`,
      `StartContainer for "${container}"`,
      `StartContainer for "${container}" returns successfully`,
    ].flatMap((msg) => read(containerd(msg)).map(({kind, sandbox: of}) => `${kind} ${of === sandbox}`));
    expect(kinds).toEqual([
      'container-creating true',
      'container-created true',
      'container-starting true',
      'container-started true',
    ]);
  });

  it('tell of the end of a sandbox, and why it failed', () => {
    const read = journalReader('n');
    expect(
      [
        `StopPodSandbox for "${sandbox}"`,
        `StopPodSandbox for "${sandbox}" returns successfully`,
        `RemovePodSandbox "${sandbox}" returns successfully`,
        `RemovePodSandbox for "${sandbox}"`,
      ].flatMap((msg) => read(containerd(msg)).map(({kind}) => kind)),
    ).toEqual(['sandbox-stopping', 'sandbox-stopped', 'sandbox-removed', 'sandbox-removing']);
    expect(
      read(containerd(`StopPodSandbox for "${sandbox}" failed`, ' error="rpc error: not found"')),
    ).toMatchObject([{kind: 'sandbox-stopped', error: 'rpc error: not found'}]);
  });

  it('have the time of the journal if their own is not believable', () => {
    const [event] = journalReader('n')(
      containerd(`StopPodSandbox for "${sandbox}"`, '', '1999-01-01T00:00:00Z'),
    );
    expect(event?.time).toBe('2026-11-28T15:47:09.300000Z');
  });
});

describe('lines of the kubelet', () => {
  const read = (text: string) =>
    journalReader('n')(kubelet(text)).map(({kind, pod, uid: id}) =>
      [kind, pod, id].filter(Boolean).join(' '),
    );

  it.each([
    [
      `SyncLoop (ADD, "api"): "samplepod_default(${uid}), b.c_kube-system(1-2)"`,
      [`pod-added default/samplepod ${uid}`, 'pod-added kube-system/b.c 1-2'],
    ],
    [
      `"SyncLoop ADD" source="api" pods=["default/samplepod","kube-system/b.c"]`,
      ['pod-added default/samplepod', 'pod-added kube-system/b.c'],
    ],
    [`"SyncLoop DELETE" source="api" pods=[default/samplepod]`, ['pod-deleted default/samplepod']],
    [`SyncLoop (RECONCILE, "api"): "samplepod_default(${uid})"`, []],
    [
      `operationExecutor.VerifyControllerAttachedVolume started for volume "t" (UniqueName: "x") pod "samplepod" (UID: "${uid}")`,
      [`volume-mount ${uid}`],
    ],
    [
      `"operationExecutor.VerifyControllerAttachedVolume started for volume \\"t\\" (UniqueName: \\"x\\") pod \\"samplepod\\" (UID: \\"${uid}\\") " pod="default/samplepod"`,
      [`volume-mount default/samplepod ${uid}`],
    ],
    ['something else', []],
  ])('%s', (text, events) => {
    expect(read(text)).toEqual(events);
  });

  it('have the time of the kubelet', () => {
    const [event] = journalReader('n')(kubelet('"SyncLoop ADD" source="api" pods=["a/b"]'));
    expect(event?.time).toBe('2026-11-28T15:47:08.921053Z');
  });
});

it('selects on the node exactly the lines that are read', () => {
  const pattern = new RegExp(journalPattern);
  for (const line of [
    containerd('RunPodSandbox for &PodSandboxMetadata{Name:a,'),
    containerd(`RemovePodSandbox "${sandbox}" returns successfully`),
    containerd(`StartContainer for "${container}"`),
    kubelet('"SyncLoop ADD" source="api" pods=["a/b"]'),
  ])
    expect(JSON.parse(line).MESSAGE).toMatch(pattern);
  expect('time="x" level=info msg="starting cri plugin"').not.toMatch(pattern);
});

it.each(['', 'text', '{"MESSAGE":1}', '{', '[]'])(
  'ignores a line that is not a journal entry: %j',
  (line) => {
    expect(journalReader('n')(line)).toEqual([]);
    expect(parseRuntimeEvent(line, 'n')).toBeUndefined();
  },
);

describe('changes of pods', () => {
  const now = microsecondsOf('2026-11-28T15:50:00.250000Z');
  const line = (type: string, rest: readonly string[]) => [type, 'default/a', uid, ...rest].join('|');
  const read = () => {
    const reader = podReader(() => now);
    return (text: string) => reader(text).map(({kind, time}) => `${kind} ${time.slice(14, 26)}`);
  };

  it('have their second when they are old, and the time of their arrival when they are new', () => {
    expect(
      read()(
        line('ADDED', [
          'n',
          '10.0.0.1',
          '2026-11-28T15:47:08Z',
          '',
          'True',
          '2026-11-28T15:47:08Z',
          'True',
          '2026-11-28T15:47:10Z',
        ]),
      ),
    ).toEqual(['pod-created 47:08.000000', 'pod-scheduled 47:08.000000', 'pod-ready 47:10.000000']);
    expect(read()(line('ADDED', ['', '', '2026-11-28T15:50:00Z', '', '', '', '', '']))).toEqual([
      'pod-created 50:00.250000',
    ]);
  });

  it('are told once each', () => {
    const tell = read();
    const created = '2026-11-28T15:50:00Z';
    const kinds = [
      line('ADDED', ['', '', created, '', '', '', '', '']),
      line('MODIFIED', ['n', '', created, '', 'True', created, 'False', created]),
      line('MODIFIED', ['n', '10.0.0.1', created, '', 'True', created, 'True', created]),
      line('MODIFIED', ['n', '10.0.0.1', created, '', 'True', created, 'True', created]),
      line('MODIFIED', ['n', '10.0.0.1', created, '', 'True', created, 'False', created]),
      line('MODIFIED', ['n', '10.0.0.1', created, '2026-11-28T15:50:30Z', 'True', created, 'False', created]),
      line('MODIFIED', ['n', '10.0.0.1', created, '2026-11-28T15:50:00Z', 'True', created, 'False', created]),
      line('DELETED', ['n', '10.0.0.1', created, '2026-11-28T15:50:00Z', 'True', created, 'False', created]),
    ].map((each) => tell(each).map((text) => text.split(' ')[0]));
    expect(kinds).toEqual([
      ['pod-created'],
      ['pod-scheduled'],
      ['pod-ip', 'pod-ready'],
      [],
      ['pod-not-ready'],
      ['pod-deleting'],
      [],
      ['pod-gone'],
    ]);
  });
});

describe('events of the runtime', () => {
  const event = {version: 1, time: '2026-11-28T15:47:09.091557Z', kind: 'rpc-ended'};

  it('are read with unknown kinds and fields, and without fields of a wrong type', () => {
    const line = JSON.stringify({...event, kind: 'from-the-future', ms: 'many', pod: 'a/b', unknown: 1});
    expect(shorten([parseRuntimeEvent(line, 'n') ?? {}])).toEqual([
      {...event, kind: 'from-the-future', pod: 'a/b', node: 'n', source: 'runtime'},
    ]);
  });
});

it('completes events that name only the sandbox, the record or the uid', () => {
  const names = createNames();
  names.learn({pod: 'a/b', uid, sandbox, correlation: 'key'});
  names.learn({uid, sandbox: 'later'});
  const event = {version: 1, time: '', source: 'containerd', kind: 'x'} as const;
  for (const known of [{sandbox}, {uid}, {sandbox: 'later'}, {correlation: 'key'}])
    expect(names.complete({...event, ...known})).toMatchObject({pod: 'a/b', uid});
  expect(names.complete({...event, sandbox: 'other'})).toEqual({...event, sandbox: 'other'});
});

it('writes and reads times with microseconds', () => {
  const time = '2026-11-28T15:47:09.091557Z';
  expect(timeText(microsecondsOf(time))).toBe(time);
  expect(microsecondsOf('2026-11-28T15:47:09Z')).toBe(microsecondsOf('2026-11-28T15:47:09.000000Z'));
  expect(timeText(microsecondsOf('2026-11-28T15:47:09.5Z'))).toBe('2026-11-28T15:47:09.500000Z');
});
