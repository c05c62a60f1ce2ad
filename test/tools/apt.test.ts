import * as fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {mirrorsFrom, sourcesList} from '../../src/tools/apt.ts';

const debian = 'http://mirror.example/debian';
const security = 'http://mirror.example/debian-security';
const text = (...lines: readonly string[]): string => lines.join('\n');

describe('mirrorsFrom', () => {
  it.each([
    ['one line', text(`deb ${debian} bookworm main`), {debian, security: undefined}],
    [
      'all that a fresh system has',
      text(
        '# deb cdrom:[Debian GNU/Linux 12]/ bookworm main',
        `deb ${debian}/ bookworm main contrib non-free-firmware`,
        `deb-src ${debian}/ bookworm main`,
        `deb ${security}/ bookworm-security main`,
        `deb ${debian} bookworm-updates main # newer`,
      ),
      {debian, security},
    ],
    [
      'options, and blanks of all kinds',
      `  deb\t[arch=amd64  signed-by=/usr/share/keyrings/a.gpg]   ${debian}   bookworm\tmain  `,
      {debian, security: undefined},
    ],
    [
      'https',
      'deb https://mirror.example/debian sid main',
      {debian: 'https://mirror.example/debian', security: undefined},
    ],
    [
      'paragraphs',
      text(
        'Types: deb',
        `URIs: ${debian}`,
        'Suites: bookworm bookworm-updates',
        'Components: main',
        'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg',
        '',
        'Types: deb deb-src',
        `URIs: ${security}/`,
        'Suites: bookworm-security',
        'Components: main',
      ),
      {debian, security},
    ],
    [
      'paragraphs with values over several lines, remarks between, an embedded key',
      text(
        '# the first paragraph',
        'types: deb',
        'uris:',
        `  ${debian}`,
        '# not this: http://other.example/debian',
        '  http://second.example/debian',
        'suites:',
        ' trixie',
        'Components: main contrib',
        'Signed-By:',
        ' -----BEGIN PGP PUBLIC KEY BLOCK-----',
        ' .',
        ' mQINBF',
        ' -----END PGP PUBLIC KEY BLOCK-----',
      ),
      {debian, security: undefined},
    ],
    [
      'a mirror whose path says nothing',
      'deb http://mirror.example/repository/apt-proxy bookworm main',
      {debian: 'http://mirror.example/repository/apt-proxy', security: undefined},
    ],
    [
      'a third party whose path ends like Debian',
      text('deb https://download.other.example/linux/debian bookworm stable', `deb ${debian} bookworm main`),
      {debian, security: undefined},
    ],
    [
      'a third party that calls its suite like Debian',
      text('deb https://packages.other.example/debian/12/prod bookworm main', `deb ${debian} bookworm main`),
      {debian, security: undefined},
    ],
    [
      'the security archive of old',
      text(`deb ${debian} bullseye main`, 'deb http://security.example/ bullseye/updates main'),
      {debian, security: 'http://security.example'},
    ],
  ])('reads %s', (_, sources, mirrors) => {
    expect(mirrorsFrom(sources)).toEqual(mirrors);
  });

  it.each([
    ['nothing', ''],
    ['remarks', `# deb ${debian} bookworm main`],
    ['sources of sources', `deb-src ${debian} bookworm main`],
    [
      'a paragraph that is switched off',
      text('Enabled: no', 'Types: deb', `URIs: ${debian}`, 'Suites: sid', 'Components: main'),
    ],
    [
      'a paragraph of sources only',
      text('Types: deb-src', `URIs: ${debian}`, 'Suites: sid', 'Components: main'),
    ],
    ['a paragraph without a suite', text('Types: deb', `URIs: ${debian}`, 'Components: main')],
    ['a disc', 'deb cdrom:[Debian GNU/Linux 12]/ bookworm main'],
    ['files, which no container has', 'deb file:/srv/mirror/debian bookworm main'],
    ['updates alone', `deb ${debian} bookworm-updates main`],
    ['another component', `deb ${debian} bookworm contrib`],
    ['another distribution', 'deb http://archive.example/ubuntu jammy main universe'],
    ['an open bracket', `deb [arch=amd64 ${debian} bookworm main`],
    ['an address without a host', 'deb http:/// bookworm main'],
  ])('finds no archive in %s', (_, sources) => {
    expect(mirrorsFrom(sources)).toBeUndefined();
  });

  it('never throws, and never gives what could end a word of a shell or of a sources.list', () => {
    const unit = fc.constantFrom(
      'deb',
      ' ',
      '\n',
      '[',
      ']',
      'http://a/',
      "'",
      'URIs:',
      'Types:',
      'bookworm',
      'main',
      '#',
      '\t',
    );
    fc.assert(
      fc.property(fc.string({unit, maxLength: 40}), (sources) => {
        expect(mirrorsFrom(sources)?.debian ?? 'http://x').toMatch(/^https?:\/\/\S+$/);
      }),
    );
  });
});

describe('sourcesList', () => {
  it('names the suite, its updates, and security if there is an archive of it', () => {
    expect(sourcesList({debian, security}, 'bookworm')).toBe(
      `deb ${debian} bookworm main\ndeb ${debian} bookworm-updates main\ndeb ${security} bookworm-security main\n`,
    );
    expect(sourcesList({debian, security: undefined}, 'bookworm')).not.toContain('security');
  });

  it('is read back as it was written', () => {
    expect(mirrorsFrom(sourcesList({debian, security}, 'bookworm'))).toEqual({debian, security});
  });
});
