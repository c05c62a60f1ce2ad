import {describe, expect, it} from 'vitest';
import {withRuntimeFlags} from '../../../src/stages/lib/runtime-environment.ts';

describe('the environment file of kni.service', () => {
  it('has the flags of a new node', () => {
    expect(withRuntimeFlags('', {'pod-subnet': '10.244.0.0/16', backend: undefined})).toBe(
      'KNI_RUNTIME_FLAGS=--pod-subnet=10.244.0.0/16\n',
    );
  });

  it('keeps foreign flags and variables', () => {
    const file =
      'KNI_EXTRA_FLAGS=--log-level=debug\nKNI_RUNTIME_FLAGS=--pod-subnet=10.244.0.0/16 --allow-port-mappings --backend=vxlan\n';
    const changed = withRuntimeFlags(file, {'pod-subnet': '10.0.0.0/8', backend: 'host-gw'});
    expect(changed).toBe(
      'KNI_RUNTIME_FLAGS=--pod-subnet=10.0.0.0/8 --backend=host-gw --allow-port-mappings\nKNI_EXTRA_FLAGS=--log-level=debug\n',
    );
    expect(withRuntimeFlags(changed, {'pod-subnet': '10.0.0.0/8', backend: 'host-gw'})).toBe(changed);
  });

  it('stays unchanged if the flags are already set, in any order', () => {
    const file = 'KNI_RUNTIME_FLAGS=--foreign-network=a --pod-subnet=10.0.0.0/8\n';
    expect(withRuntimeFlags(file, {'pod-subnet': '10.0.0.0/8', backend: undefined})).toBe(file);
    expect(withRuntimeFlags(file, {'foreign-network': 'a'})).toBe(file);
  });

  it('loses a flag that is removed', () => {
    const file = withRuntimeFlags('', {'pod-subnet': '10.0.0.0/8', backend: 'vxlan'});
    expect(withRuntimeFlags(file, {backend: undefined})).toBe('KNI_RUNTIME_FLAGS=--pod-subnet=10.0.0.0/8\n');
  });
});
