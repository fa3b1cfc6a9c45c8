import { expect, test } from 'vitest';

import { overridesOf } from '../../electron/cli/arguments.ts';
import { runSpecSchema } from '../../electron/contract/run-spec.ts';
import { deviceChoice } from '../../electron/engine/device-choice.ts';

const spec = (device: unknown) => runSpecSchema.parse({ base: 'base', data: { folder: 'images' }, device });

test("a run file's device says how CUDA computes, and says nothing where nothing was chosen", () => {
  const chosen = { provider: 'cuda', tf32: true, cudaGraphs: true, convSearch: 'exhaustive' };
  expect(spec(chosen).device).toEqual(chosen);
  expect(spec({ provider: 'cuda' }).device).toEqual({ provider: 'cuda' });
  expect(() => spec({ convSearch: 'fastest' })).toThrow();
});

test('the form and the command line choose the same', () => {
  expect(deviceChoice({ provider: 'cuda', gpu: null, tf32: true })).toEqual({ provider: 'cuda', tf32: true });
  expect(deviceChoice({ provider: 'cuda', gpu: null, tf32: false })).toEqual({ provider: 'cuda' });
  const typed = overridesOf({ tf32: true, cudaGraphs: true }, '/folder');
  expect(typed).toEqual([
    { path: ['device', 'tf32'], value: true },
    { path: ['device', 'cudaGraphs'], value: true },
  ]);
});
