import {expect, it} from 'vitest';
import {optionsFrom, UsageError} from './options.ts';
import {argumentsOf} from './other-runtime.ts';

it.each([
  ['--cycles', '0'],
  ['--cycles', '1e3'],
  ['--cycles', ''],
  ['--records', '-1'],
  ['--records', 'many'],
  ['--soak', '1.5'],
  ['--soak', '2000000'],
  ['--node', '/etc/passwd'],
  ['--against', '/no/such/program'],
  ['--against', '/'],
  ['--against', '/etc/passwd'],
  ['--against-args', 'x'],
  ['--json'],
  ['--json', '/no/such/directory/file'],
  ['--svg', '/no/such/directory/file'],
  ['--unknown'],
  ['stray'],
])('says in one line what is wrong with %s %s', (...args) => {
  const message = (() => {
    try {
      return optionsFrom(args.filter((arg) => arg !== undefined));
    } catch (error) {
      return error instanceof UsageError ? error.message : error;
    }
  })();
  expect(message).toMatch(/^[^\n]+$/);
});

it('has defaults for missing options', () => {
  expect(optionsFrom([])).toEqual({
    cycles: 100,
    records: 1000,
    soak: 0,
    node: process.execPath,
    against: undefined,
    json: undefined,
    svg: undefined,
  });
});

it('takes another network runtime with its arguments', () => {
  const options = optionsFrom(['--against', process.execPath, '--against-args=--listen={socket}']);
  expect(options?.against).toEqual({file: process.execPath, args: '--listen={socket}'});
});

it('fills the places into the arguments of the other network runtime', () => {
  expect(argumentsOf('-s {socket}  --dirs={confdir}:{bindir} {statedir}/x {unknown}')).toEqual([
    '-s',
    '/tmp/kni.sock',
    '--dirs=/etc/cni/net.d:/opt/cni/bin',
    '/var/lib/kni-against/x',
    '{unknown}',
  ]);
  expect(argumentsOf('')).toEqual([]);
});
