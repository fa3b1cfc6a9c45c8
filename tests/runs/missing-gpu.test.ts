import { expect, test } from 'vitest';

import { missingGpu } from '../../electron/runs/memory.ts';

test('a GPU that is named for another device than CUDA is in nobody’s way', async () => {
  expect(await missingGpu({ provider: 'cpu', gpu: '3' })).toBeNull();
  expect(await missingGpu({ provider: 'webgpu', gpu: '3' })).toBeNull();
  expect(await missingGpu({ provider: 'cuda', gpu: '99' })).toMatch(/There is no/);
});
