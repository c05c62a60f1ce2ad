import {stripVTControlCharacters} from 'node:util';
import {Chalk} from 'chalk';
import {describe, expect, it} from 'vitest';
import {drillText} from '../../src/cli/drill-text.ts';
import {wrap} from '../../src/cli/wrap.ts';
import {drills} from '../../src/drills/drills.ts';
import {drillNames} from '../../src/drills/names.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import {cli, hostOf} from '../rig/cli.ts';
import {dirWithCluster, node, printed} from '../rig/demo.ts';
import {tempDir} from '../rig/temp-dir.ts';

const running = [node('test1-control-plane'), node('test1-worker')];
const hostWith = (...nodes: typeof running) =>
  hostOf((line) => (line.startsWith('docker ps') ? printed(...nodes).join('\n') : ''));

describe('drill --list', () => {
  it.each([[['drill', '--list']], [['drill']]])('lists all drills without a cluster: %j', async (args) => {
    await using dir = await tempDir();
    const {code, stdout} = await cli(dir, args);
    expect(code).toBe(0);
    const lines = stdout.split('\n');
    for (const {name, shows} of drills)
      expect(lines).toContainEqual(expect.stringMatching(`^${name} +${shows}$`));
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('prints one JSON object per drill, with the question that it answers', async () => {
    await using dir = await tempDir();
    const {stdout} = await cli(dir, ['drill', '--list', '--json']);
    const listed = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as {drill: string});
    expect(listed.map(({drill}) => drill)).toEqual([...drillNames]);
    expect(listed[0]).toMatchObject({type: 'drill', question: {asks: expect.any(String) as string}});
  });

  it('has a drill for each name', () => {
    expect(drills.map(({name}) => name)).toEqual([...drillNames]);
  });
});

describe('drill refuses', () => {
  it('an unknown drill, and names the known ones', async () => {
    await using dir = await tempDir();
    const {code, stderr} = await cli(dir, ['drill', 'fire']);
    expect(code).toBe(exitCodes.badInput);
    for (const name of drillNames) expect(stderr).toContain(name);
  });

  it.each([[['attack', '--all']], [['--all', '--restore']], [['--list', '--restore']]])(
    'flags that exclude each other: %j',
    async (args) => {
      await using dir = await tempDir();
      const {code, errorCode} = await cli(dir, ['drill', ...args]);
      expect([code, errorCode]).toEqual([exitCodes.badInput, 'KNI-E217']);
    },
  );

  it('a cluster that is stopped', async () => {
    await using dir = await dirWithCluster();
    const host = hostWith(...running.map((each) => ({...each, running: false})));
    const {errorCode} = await cli(dir, ['drill', 'attack'], {host});
    expect(errorCode).toBe('KNI-E207');
  });
});

it('drill --restore reports a cluster without temporary changes', async () => {
  await using dir = await dirWithCluster();
  const {code, stdout} = await cli(dir, ['drill', '--restore'], {host: hostWith(...running)});
  expect([code, stdout]).toEqual([0, 'Cluster test1 has no temporary changes.\n']);
});

describe('the text of a drill', () => {
  const textOf = (tell: (text: ReturnType<typeof drillText>) => void): readonly string[] => {
    const lines: string[] = [];
    tell(drillText((line) => void lines.push(stripVTControlCharacters(line)), new Chalk({level: 1})));
    return lines;
  };

  it('fits into 80 columns, even with long output of a program', () => {
    const long = 'a long message '.repeat(20);
    const lines = textOf((text) => {
      for (const drill of drills) text.begun(drill);
      text.stepBegun(1, long, [`kni-demo ${long}`, `# ${long}`]);
      text.checked({source: 'kernel', claim: long, holds: true, saw: `${long}\n\u001b[31m${long}`});
      text.restored(long);
    });
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(lines.join('')).not.toContain('\u001b');
  });

  it('fits into a narrow terminal', () => {
    const long = 'some words '.repeat(20);
    const lines: string[] = [];
    const text = drillText((line) => void lines.push(line), new Chalk({level: 0}), 40);
    text.stepBegun(1, long, [`kni-demo ${long}`]);
    text.checked({source: 'kernel', claim: long, holds: true, saw: long});
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(40);
  });

  it('continues a long command so that a shell can run it', () => {
    const command = `kni-demo kubectl --name lab get pods ${'-o name '.repeat(12).trim()}`;
    const lines = textOf((text) => text.stepBegun(1, 'Look', [command])).slice(2);
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.slice(0, -1).every((line) => line.endsWith(' \\'))).toBe(true);
    const joined = lines.map((line) => line.replace(/ \\$/, '').trim()).join(' ');
    expect(joined).toBe(`$ ${command}`);
  });

  it('keeps a long comment a comment in each line', () => {
    const lines = textOf((text) => text.stepBegun(1, 'Look', [`# ${'some words '.repeat(20).trim()}`])).slice(
      2,
    );
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.every((line) => line.startsWith('     # '))).toBe(true);
  });

  it('ends with the numbers, what failed and what is left', () => {
    const failed = [{source: 'ping', claim: 'no packet is lost', holds: false, saw: 'lost 3 of 9'}] as const;
    const measurements = [
      {what: 'NotReady after', value: 4_210, unit: 'ms'},
      {what: 'netns before sandbox', value: 29, unit: 'ms'},
      {what: 'lost', value: 3, unit: 'packets'},
    ] as const;
    const verdict = {
      drill: 'restart',
      passed: false,
      ms: 50_100,
      checks: 7,
      failed,
      measurements,
      left: ['netns x'],
    };
    expect(textOf((text) => text.verdict(verdict))).toEqual([
      '',
      'FAIL  restart: 6 of 7 checks hold, 50.1 s',
      '      NotReady after 4.2 s · netns before sandbox 29 ms · lost 3 packets',
      '      - no packet is lost (ping: lost 3 of 9)',
      '      - left behind: netns x',
    ]);
  });

  it('wraps at blanks only', () => {
    expect(wrap('a bb ccc', 4)).toEqual(['a bb', 'ccc']);
    expect(wrap('abcdef g', 3)).toEqual(['abcdef', 'g']);
  });
});

it('a cancelled drill does not promise to continue', async () => {
  await using dir = await dirWithCluster();
  const cancel = new AbortController();
  const host = hostOf((line) => {
    if (line.startsWith('docker ps')) return printed(...running).join('\n');
    if (line.includes('get nodes')) cancel.abort(new Error('cancelled by SIGINT'));
    return '';
  });
  const {code, stderr} = await cli(dir, ['drill', 'attack'], {host, signal: cancel.signal});
  expect(code).toBe(exitCodes.cancelled);
  expect(stderr).toBe('cancelled\ntry:   run the same command again; it starts from the beginning\n');
});
