import { join } from 'node:path';

import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

import { testKinds } from './tests/test-kinds.ts';

const kinds = testKinds(import.meta.dirname);

/** What is waited for may take long on a busy machine; nothing is waited for that has not a reason to come. */
const shared = {
  pool: 'forks',
  testTimeout: 60_000,
  hookTimeout: 60_000,
  expect: { poll: { timeout: 20_000 } },
  env: {
    // Test files run side by side, where threads that spin for work take the time of others.
    SCREENFOLD_SPIN: '0',
    // Software WebGPU spends its time on compiling kernels, of which each runs only a few times here.
    GALLIVM_PERF: 'nopt',
    // Engines and command lines are started by the hundred: each would strip and compile the same sources anew.
    NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules', '.cache', 'compiled'),
  },
} as const;
/** Side by side on all of the processor, and before all else. */
const light = { ...shared, maxWorkers: '100%', sequence: { groupOrder: 0 } } as const;
const endToEnd = {
  ...shared,
  include: ['tests/e2e/**/*.test.ts'],
  globalSetup: ['tests/e2e/build-page.ts'],
  testTimeout: 300_000,
  hookTimeout: 120_000,
  maxWorkers: 2,
  sequence: { groupOrder: 2 },
};

export default defineConfig({
  test: {
    reporters: ['default', './tests/closing-line.ts'],
    projects: [
      // What these import is read once for all of them, which takes longer than most of them do.
      { test: { ...light, name: 'unit', isolate: false, include: [...kinds.unit] } },
      {
        plugins: [react()],
        test: {
          ...light,
          name: 'renderer',
          environment: 'jsdom',
          include: ['tests/renderer/**/*.test.tsx'],
          setupFiles: ['tests/renderer/setup.ts'],
        },
      },
      {
        test: {
          ...shared,
          name: 'engine',
          include: [...kinds.engine],
          // ONNX Runtime's own threads fill the processor; more files side by side would only slow each other down.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      { test: { ...endToEnd, name: 'e2e' } },
      // The same specs in the desktop's own window, where its program is installed.
      { test: { ...endToEnd, name: 'e2e desktop', env: { ...shared.env, SCREENFOLD_E2E_HOST: 'desktop' } } },
    ],
  },
});
