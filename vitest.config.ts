import {defineConfig} from 'vitest/config';

/** What makes output vary is pinned, so that a test reads the same everywhere. */
const env = {FORCE_COLOR: '0', TERM: 'xterm', TZ: 'UTC', LC_ALL: 'C.UTF-8'};

/** Limits of time are there to end what hangs: a slow machine must not reach them. */
export default defineConfig({
  test: {
    env,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/integration/**', 'test/e2e/**'],
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/integration/setup.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          fileParallelism: false,
          sequence: {concurrent: false},
          testTimeout: 1_800_000,
          hookTimeout: 2_400_000,
          bail: 1,
        },
      },
    ],
  },
});
