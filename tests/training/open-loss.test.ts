import { expect, test } from 'vitest';

import { largeModel } from '../../native/models/large-model.ts';
import type { Runtime, SessionOptions } from '../../native/runtime/runtime.ts';
import type { TrainingArtifacts } from '../../native/training/artifacts.ts';
import { openWhole } from '../../native/training/open-loss.ts';

test.each([
  [largeModel, true],
  [largeModel - 1, false],
])('a step of %i weights takes memory tensor by tensor: %s', async (count, isSo) => {
  const asked: (boolean | undefined)[] = [];
  const runtime = {
    captures: false,
    createSession: (_: unknown, { tensorByTensor }: SessionOptions) => {
      asked.push(tensorByTensor);
      return Promise.resolve({ bind: () => null, dispose: () => Promise.resolve() });
    },
  } as unknown as Runtime;
  const half = (elements: number) => [{ shape: [elements] }];
  const artifacts = {
    trainable: half(1000),
    frozen: half(count - 1000),
  } as unknown as TrainingArtifacts;
  const opened = await openWhole(runtime, artifacts, {});
  await opened.bindEvaluation({}, {} as never);
  expect(asked).toEqual([isSo, isSo]);
});
