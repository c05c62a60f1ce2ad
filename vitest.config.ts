import {defineConfig} from 'vitest/config';
import {ChapterSequencer} from './test/e2e/order.ts';

/** Settings that change a program's output are fixed, so that tests see the same output everywhere. */
const env = {CI: '', FORCE_COLOR: '0', TERM: 'xterm', TZ: 'UTC', LC_ALL: 'C.UTF-8'};

// The developer's own settings are not for the programs that tests run.
for (const name of Object.keys(process.env)) if (name.startsWith('KNI_DEMO_')) delete process.env[name];

/** Timeouts end tests that hang; they are so long that a slow machine does not reach them. */
export default defineConfig({
  test: {
    env,
    sequence: {sequencer: ChapterSequencer},
    // Many tests wait for programs. On 2 cores, vitest would use one worker.
    maxWorkers: '100%',
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/integration/**', 'test/e2e/**', 'test/page/**'],
          testTimeout: 60_000,
          hookTimeout: 180_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          // A fault for each requirement takes minutes: npm run test:full.
          exclude:
            process.env['KNI_SOAK'] === undefined ? ['test/integration/conformance-faults.test.ts'] : [],
          globalSetup: ['test/integration/setup.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'page',
          include: ['test/page/**/*.test.ts'],
          // An hour of churn takes minutes: npm run test:full.
          exclude: process.env['KNI_SOAK'] === undefined ? ['test/page/churn.test.ts'] : [],
          // A busy machine draws late.
          expect: {poll: {timeout: 20_000}},
          // Two browsers at a time would distort what is measured.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 900_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/chapters/*.test.ts'],
          globalSetup: ['test/e2e/setup.ts'],
          // A developer may use kni-demo meanwhile.
          env: {...env, KNI_DEMO_LOCK_TIMEOUT: '10m'},
          fileParallelism: false,
          testTimeout: 1_800_000,
          hookTimeout: 2_400_000,
        },
      },
    ],
  },
});
