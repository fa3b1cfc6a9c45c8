import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    // ONNX Runtime's own threads fill the processor; test files side by side would only slow each other down.
    maxWorkers: 2,
    pool: 'forks',
    testTimeout: 60_000,
    reporters: ['default', './tests/closing-line.ts'],
  },
});
