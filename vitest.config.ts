import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

const shared = { pool: 'forks', testTimeout: 60_000 } as const;

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
      {
        test: {
          ...shared,
          name: 'e2e',
          include: ['tests/e2e/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
