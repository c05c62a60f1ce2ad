import {describe, expect, it} from 'vitest';
import {allRequirements, groups} from '../../src/conformance/groups.ts';

describe('the requirements', () => {
  it('are at least 60, most of them MUST', () => {
    expect(allRequirements.length).toBeGreaterThanOrEqual(60);
    const must = allRequirements.filter(({level}) => level === 'MUST');
    expect(must.length).toBeGreaterThan(allRequirements.length / 2);
  });

  it('have ids of their groups, each once, without a gap', () => {
    expect(new Set(groups.map(({letter}) => letter)).size).toBe(groups.length);
    for (const {letter, requirements} of groups) {
      const expected = requirements.map((_, index) => `KNI-${letter}${String(index + 1).padStart(2, '0')}`);
      expect(requirements.map(({id}) => id)).toEqual(expected);
    }
  });

  it('have titles that complete "the runtime …", each once', () => {
    for (const {title, source} of allRequirements) {
      expect(title).toMatch(/^[a-z].*[^.]$/);
      expect(source).not.toBe('');
    }
    expect(new Set(allRequirements.map(({title}) => title)).size).toBe(allRequirements.length);
  });

  // No document but the comments of the proto file makes rules for the first kubelet's own ways.
  it('are not MUST if only the first KNI kubelet demands them', () => {
    const demanded = allRequirements.filter(({source}) => source.startsWith('first KNI kubelet'));
    expect(demanded.length).toBeGreaterThan(0);
    expect(demanded.filter(({level}) => level === 'MUST')).toEqual([]);
  });
});
