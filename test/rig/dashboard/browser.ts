/** A real browser for the tests of the dashboard's page: Debian's headless shell of Chromium, unpacked into the cache of the tests. */

import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {type Browser, chromium} from 'playwright-core';
import {exists, fetchPackage} from '../node/tools.ts';

const fontPackages = ['fonts-dejavu-core', 'fonts-droid-fallback', 'fonts-inter'];

/** `flags` are further flags of chromium. */
export const startBrowser = async (flags: readonly string[] = []): Promise<Browser> => {
  const root = await fetchPackage('chromium-headless-shell');
  const fonts = await Promise.all(fontPackages.map(fetchPackage));
  const libraries = ['', 'pulseaudio'].map((name) => join(root, 'usr/lib/x86_64-linux-gnu', name));
  const settings = join(root, 'fonts');
  await mkdir(settings, {recursive: true});
  await writeFile(join(settings, 'fonts.conf'), fontSettings(fonts));
  const executablePath = join(root, 'usr/lib/chromium/chromium-headless-shell');
  if (!(await exists(executablePath)))
    throw new Error(`The package chromium-headless-shell has no ${executablePath}.`);
  return chromium.launch({
    executablePath,
    // It needs user namespaces or a helper with the setuid bit, which a root in a container has not.
    chromiumSandbox: false,
    args: ['--disable-gpu', '--force-color-profile=srgb', '--font-render-hinting=none', ...flags],
    env: {
      ...process.env,
      LD_LIBRARY_PATH: [...libraries, process.env['LD_LIBRARY_PATH']].filter(Boolean).join(':'),
      FONTCONFIG_FILE: join(settings, 'fonts.conf'),
    },
  });
};

/** The same fonts on every machine. */
const fontSettings = (roots: readonly string[]): string => `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
${roots.map((root) => `  <dir>${join(root, 'usr/share/fonts')}</dir>`).join('\n')}
  <cachedir prefix="xdg">fontconfig-kni-demo-test</cachedir>
  <alias><family>sans-serif</family><prefer><family>Inter</family><family>Droid Sans Fallback</family></prefer></alias>
  <alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
`;
