import {describe, expect, it} from 'vitest';
import {folderOfPlugins, parseConflist, parseSinglePlugin} from '../../../runtime/src/cni/conflist.ts';

const list = (fields: object) =>
  JSON.stringify({cniVersion: '1.0.0', name: 'net', plugins: [{type: 'bridge'}], ...fields});

describe('a conflist', () => {
  it('is read with its plugins, their IPAM and the capabilities that are wanted', () => {
    const plugins = [
      {type: 'bridge', ipam: {type: 'host-local'}},
      {type: 'portmap', capabilities: {portMappings: true, dns: false, mac: 'true'}},
    ];
    const parsed = parseConflist(list({plugins}));
    expect(parsed).toMatchObject({name: 'net', cniVersion: '1.0.0'});
    expect(parsed.plugins.map(({type, ipamType}) => [type, ipamType])).toEqual([
      ['bridge', 'host-local'],
      ['portmap', undefined],
    ]);
    expect([...(parsed.plugins[1]?.capabilities ?? [])]).toEqual(['portMappings']);
  });

  it.each([
    ['not JSON', '{', 'is not valid JSON'],
    ['an array', '[]', 'is not a JSON object'],
    ['null', 'null', 'is not a JSON object'],
    ['no name', list({name: undefined}), 'has a missing or invalid "name"'],
    ['a name that is a path', list({name: '../x'}), 'has a missing or invalid "name"'],
    ['no plugins', list({plugins: undefined}), 'has no "plugins"'],
    ['an empty list of plugins', list({plugins: []}), 'has an empty list'],
    ['a plugin that is not an object', list({plugins: [1]}), 'a plugin that is not a JSON object'],
    ['a plugin without type', list({plugins: [{}]}), 'a plugin without a valid "type"'],
    ['a plugin that is a path', list({plugins: [{type: '../../bin/sh'}]}), 'a plugin without a valid "type"'],
    ['a plugin that is a directory', list({plugins: [{type: '..'}]}), 'a plugin without a valid "type"'],
    ['plugins that are not a list', list({plugins: {}}), 'has "plugins" that are not a list'],
    [
      'no plugins, but loadOnlyInlinedPlugins: true',
      list({plugins: undefined, loadOnlyInlinedPlugins: true}),
      'has no "plugins"',
    ],
    ['a version that is a number', list({cniVersion: 1}), 'has an invalid version'],
    ['a version that is a word', list({cniVersion: 'new'}), 'has an invalid version'],
    ['an invalid entry in cniVersions', list({cniVersions: ['1.0.0', 'x']}), 'has an invalid version'],
    [
      'cniVersions that are not a list',
      list({cniVersions: '1.0.0'}),
      'has "cniVersions" that are not a list',
    ],
    ['disableCheck being a word', list({disableCheck: 'yes'}), 'has a "disableCheck" that is neither'],
    ['disableCheck being a list', list({disableCheck: [true]}), 'has a "disableCheck" that is neither'],
    ['disableGC being a number', list({disableGC: 1}), 'has a "disableGC" that is neither'],
    ['disableGC being null', list({disableGC: null}), 'has a "disableGC" that is neither'],
    [
      'loadOnlyInlinedPlugins being a word',
      list({loadOnlyInlinedPlugins: ''}),
      'has a "loadOnlyInlinedPlugins"',
    ],
    ['a version too new', list({cniVersion: '2.0.0'}), 'has no supported "cniVersion"'],
  ])('is refused with %s', (_, text, message) => {
    expect(() => parseConflist(text)).toThrow(message);
  });

  it.each([
    ['0.3.1', undefined, '0.3.1'],
    ['0.4.0', ['0.3.1', '1.0.0'], '1.0.0'],
    ['1.0.0', ['1.1.0', '9.9.9'], '1.1.0'],
    [undefined, ['0.4.0'], '0.4.0'],
    ['0.4.0', [], '0.4.0'],
    ['1.2.0', ['1.0.0', '1.1.0-rc1'], '1.0.0'],
    ['0.1.0', undefined, '0.1.0'],
    ['0.2.0', undefined, '0.2.0'],
    [undefined, undefined, '0.1.0'],
    [undefined, [], '0.1.0'],
    ['', undefined, '0.1.0'],
  ])('of version %s and versions %j is spoken in %s', (cniVersion, cniVersions, chosen) => {
    expect(parseConflist(list({cniVersion, cniVersions})).cniVersion).toBe(chosen);
  });

  it.each([
    [undefined, false],
    [false, false],
    ['false', false],
    [true, true],
    ['True', true],
  ])('takes %j for a flag that is %s', (flag, expected) => {
    const parsed = parseConflist(list({disableCheck: flag, disableGC: flag}));
    expect(parsed).toMatchObject({disableCheck: expected, disableGC: expected});
  });

  it('says where the rest of its plugins is, unless it has all', () => {
    expect(folderOfPlugins(list({}))).toBe('net');
    expect(folderOfPlugins(list({plugins: undefined}))).toBe('net');
    expect(folderOfPlugins(list({loadOnlyInlinedPlugins: 'true'}))).toBeUndefined();
    expect(() => folderOfPlugins(list({name: '../etc'}))).toThrow('has a missing or invalid "name"');
  });

  it('with plugins from a folder is written down whole, nothing of it changed', () => {
    const text =
      '{"cniVersion":"1.0.0","name":"net","big":9007199254740993,"plugins":[{"type":"a","x":1.50}]}';
    const parsed = parseConflist(text, ['{"type":"b", "y":9007199254740993}']);
    expect(parsed.plugins.map(({type}) => type)).toEqual(['a', 'b']);
    expect(parsed.text).toBe(
      '{"cniVersion":"1.0.0","name":"net","big":9007199254740993,"plugins":[{"type":"a","x":1.50},{"type":"b", "y":9007199254740993}],"loadOnlyInlinedPlugins":true}',
    );
    expect(parseConflist(parsed.text)).toEqual(parsed);
    expect(folderOfPlugins(parsed.text)).toBeUndefined();
    expect(parseConflist(text).text).toBe(text);
  });

  it('may be a single plugin, whose text is not changed', () => {
    const parsed = parseSinglePlugin(
      '{"cniVersion":"0.3.1","name":"old","type":"ptp","big":9007199254740993}',
    );
    expect(parsed).toMatchObject({name: 'old', cniVersion: '0.3.1'});
    expect(parsed.plugins[0].type).toBe('ptp');
    expect(parsed.plugins[0].members.get('big')).toBe('9007199254740993');
    expect(parseConflist(parsed.text).plugins[0].type).toBe('ptp');
  });

  it('in a file for a single plugin is refused', () => {
    expect(() => parseSinglePlugin(list({}))).toThrow('must end in .conflist');
  });
});
