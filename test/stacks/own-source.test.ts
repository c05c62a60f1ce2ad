import {describe, expect, it} from 'vitest';
import {parseOwnSource} from '../../src/stacks/own-source.ts';

describe('a source of the own', () => {
  it.each([
    ['kubernetes=https://host/me/kubernetes', {kind: 'git', url: 'https://host/me/kubernetes', ref: 'HEAD'}],
    ['kubernetes=https://host/me/k#my-branch', {kind: 'git', url: 'https://host/me/k', ref: 'my-branch'}],
    ['kubernetes=file:///srv/k#v1.20.2', {kind: 'git', url: 'file:///srv/k', ref: 'v1.20.2'}],
    ['kubernetes=git@host:me/k.git#feature/x', {kind: 'git', url: 'git@host:me/k.git', ref: 'feature/x'}],
    ['kubernetes=../k', {kind: 'directory', path: '../k'}],
    ['kubernetes=/src/a=b', {kind: 'directory', path: '/src/a=b'}],
    ['kubernetes=../k#main', {kind: 'git', url: '../k', ref: 'main'}],
  ])('is understood: %s', (text, place) => {
    expect(parseOwnSource(text)).toEqual({component: 'kubernetes', place});
  });

  it.each([
    ['', 'must begin with kubernetes= or containerd='],
    ['kubernetes', 'must begin with kubernetes= or containerd='],
    ['runc=/src/runc', 'must begin with kubernetes= or containerd='],
    ['containerd=', 'containerd= must be followed by a git URL or a directory'],
    ['containerd=#main', 'containerd= must be followed by a git URL or a directory'],
    ['containerd=/src/c#', '"" is not the name of a branch, tag or commit'],
    ['containerd=/src/c#--upload-pack=x', '"--upload-pack=x" is not the name of a branch, tag or commit'],
    ['containerd=https://host/c#a b', '"a b" is not the name of a branch, tag or commit'],
    ['containerd=--upload-pack=x', '"--upload-pack=x" is neither a git URL nor a directory'],
  ])('is refused: %s', (text, why) => {
    expect(parseOwnSource(text)).toBe(why);
  });
});
