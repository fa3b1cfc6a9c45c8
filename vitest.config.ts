import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

const shared = { pool: 'forks', testTimeout: 60_000 } as const;
const endToEnd = {
  ...shared,
  include: ['tests/e2e/**/*.test.ts'],
  globalSetup: ['tests/e2e/build-page.ts'],
  testTimeout: 300_000,
  hookTimeout: 120_000,
};

export default defineConfig({
  test: {
    // ONNX Runtime's own threads fill the processor; test files side by side would only slow each other down.
    maxWorkers: 2,
    reporters: ['default', './tests/closing-line.ts'],
    projects: [
      {
        test: {
          ...shared,
          name: 'node',
          include: ['tests/**/*.test.ts'],
          exclude: ['tests/e2e/**', 'tests/renderer/**'],
        },
      },
      {
        plugins: [react()],
        test: {
          ...shared,
          name: 'renderer',
          environment: 'jsdom',
          include: ['tests/renderer/**/*.test.{ts,tsx}'],
          setupFiles: ['tests/renderer/setup.ts'],
        },
      },
      { test: { ...endToEnd, name: 'e2e' } },
      // The same specs in the desktop's own window, where its program is installed.
      { test: { ...endToEnd, name: 'e2e desktop', env: { SCREENFOLD_E2E_HOST: 'desktop' } } },
    ],
  },
});
