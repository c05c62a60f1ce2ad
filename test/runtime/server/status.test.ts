import {describe, expect, it} from 'vitest';
import {
  CniError,
  InvalidConfig,
  InvalidParameter,
  NotAdded,
  PluginFailed,
  type PluginTrouble,
} from '../../../runtime/src/cni/errors.ts';
import {CallerGone, DeadlineExceeded} from '../../../runtime/src/lib/deadline.ts';
import {Busy} from '../../../runtime/src/lib/gate.ts';
import {RpcError} from '../../../runtime/src/lib/rpc-error.ts';
import {
  Conflict,
  InvalidRequest,
  NetnsFailed,
  NotAllowed,
  StoreFailed,
  UnknownNetwork,
  WrongState,
} from '../../../runtime/src/network/errors.ts';
import {NodeNotReady} from '../../../runtime/src/node/errors.ts';
import {ToolFailed} from '../../../runtime/src/process/tool.ts';
import {statusOf} from '../../../runtime/src/server/status.ts';

const cni = (cniCode: number) => new CniError('demo', 'ADD', {cniCode, msg: 'm', details: 'd'});
const plugin = (trouble: PluginTrouble) => new PluginFailed('demo', trouble, 'failed');
const system = (code: string) => Object.assign(new Error(code), {code});

describe('the gRPC status', () => {
  it.each<[string, number, Error]>([
    ['INVALID_ARGUMENT', 3, new InvalidRequest('x')],
    ['PERMISSION_DENIED', 7, new NotAllowed('x')],
    ['NOT_FOUND', 5, new UnknownNetwork('x')],
    ['ALREADY_EXISTS', 6, new Conflict('x')],
    ['FAILED_PRECONDITION', 9, new WrongState('x')],
    ['FAILED_PRECONDITION', 9, new NodeNotReady('Reason', 'x')],
    ['FAILED_PRECONDITION', 9, new InvalidConfig('x')],
    ['FAILED_PRECONDITION', 9, new NotAdded('x')],
    ['INVALID_ARGUMENT', 3, new InvalidParameter('x')],
    ['DEADLINE_EXCEEDED', 4, new DeadlineExceeded('x')],
    ['RESOURCE_EXHAUSTED', 8, new RpcError('RESOURCE_EXHAUSTED', 'x')],
    ['CANCELLED', 1, new CallerGone('x')],
    ['UNAVAILABLE', 14, new Busy('x')],
    ['INTERNAL', 13, new NetnsFailed('x')],
    ['INTERNAL', 13, new ToolFailed('x')],
    ['INTERNAL', 13, new NetnsFailed('x', {cause: system('EACCES')})],
    ['UNAVAILABLE', 14, new NetnsFailed('x', {cause: system('EMFILE')})],
    ['UNAVAILABLE', 14, new ToolFailed('x', undefined, {cause: system('EAGAIN')})],
    ['RESOURCE_EXHAUSTED', 8, new StoreFailed('x', system('ENOSPC'))],
    ['RESOURCE_EXHAUSTED', 8, new StoreFailed('x', system('EDQUOT'))],
    ['UNAVAILABLE', 14, new StoreFailed('x', system('EIO'))],
    ['DEADLINE_EXCEEDED', 4, plugin('timed-out')],
    ['ABORTED', 10, plugin('killed')],
    ['UNAVAILABLE', 14, plugin('stopped')],
    ['UNAVAILABLE', 14, plugin('not-started')],
    ['FAILED_PRECONDITION', 9, plugin('missing')],
    ['INTERNAL', 13, plugin('bad-result')],
  ])('is %s (%i) of %s', (_, code, error) => {
    expect(statusOf(error)).toEqual({code, details: error.message});
  });

  it.each([
    [1, 9],
    [2, 3],
    [3, 5],
    [4, 3],
    [5, 13],
    [6, 3],
    [7, 3],
    [8, 9],
    [9, 2],
    [10, 2],
    [11, 14],
    [12, 2],
    [49, 2],
    [50, 14],
    [51, 14],
    [0, 2],
    [99, 2],
    [100, 13],
    [999, 13],
  ])('of CNI error %i is %i, which is not the same number', (cniCode, code) => {
    expect(statusOf(cni(cniCode))).toEqual({
      code,
      details: `CNI plugin demo failed to ADD: m: d (code ${cniCode})`,
    });
  });

  it.each([system('EACCES'), {code: 7, details: 'looks like a status'}, 'text', undefined])(
    "of an unexpected error is INTERNAL and hides the error's text: %s",
    (error) => {
      const details = 'internal error, see the log of the network runtime';
      expect(statusOf(error)).toEqual({code: 13, details});
    },
  );

  it.each([
    ['half a character', new InvalidConfig('type \ud800')],
    ['a plugin named so', new PluginFailed('\ud800', 'missing', 'is not there')],
    [
      'characters of two halves, too many',
      new CniError('bridge', 'ADD', {cniCode: 1, msg: '😀'.repeat(1100), details: ''}),
    ],
    [
      'the same, one further',
      new CniError('macvlan', 'ADD', {cniCode: 1, msg: '😀'.repeat(1100), details: ''}),
    ],
  ])('has a text that can be sent of %s', (_, error) => {
    const {details} = statusOf(error);
    expect(() => encodeURI(details)).not.toThrow();
  });
});
