import { expect, test } from 'vitest';

import { checkedSweep, parseSwept, sweptOverrides } from '../../electron/contract/sweep.ts';
import { runSpecOfFlags } from '../../electron/runs/read-run-spec.ts';

/** What the runs of a sweep come to, over a LoRA by AdamW at 3e-4. */
function runsOf(...swept: readonly string[]) {
  const flags = [
    { path: ['base'], value: 'base' },
    { path: ['data', 'folder'], value: 'photos' },
    { path: ['method'], value: { kind: 'lora', rank: 4, dora: true } },
    { path: ['train', 'learningRate'], value: 3e-4 },
    { path: ['train', 'optimizer'], value: { kind: 'adamw', beta1: 0.8 } },
  ];
  const sweep = checkedSweep(swept.map(parseSwept));
  return sweptOverrides(sweep).map((values) => runSpecOfFlags(flags, '/', values));
}

test('another optimizer has its own settings and usual rate, the one that was chosen keeps what was chosen', () => {
  const trained = runsOf('train.optimizer.kind=adamw,lion,prodigy').map(({ train }) => train);
  expect(trained.map(({ optimizer, learningRate }) => [optimizer.kind, learningRate])).toEqual([
    ['adamw', 3e-4],
    ['lion', undefined],
    ['prodigy', undefined],
  ]);
  expect(trained[0]!.optimizer).toMatchObject({ beta1: 0.8 });
  expect(trained[1]!.optimizer).toMatchObject({ beta1: 0.9, beta2: 0.99 });
});

test('another method has its own settings, and what is tried besides stays', () => {
  const methods = runsOf('method.kind=full,lora').map(({ method, train }) => [method, train.learningRate]);
  expect(methods).toEqual([
    [{ kind: 'full', textEncoder: false }, undefined],
    [expect.objectContaining({ kind: 'lora', rank: 4, dora: true }), 3e-4],
  ]);
  const rates = runsOf('train.learningRate=1e-5,2e-5', 'method.kind=full,lora').map(({ method, train }) => [
    method.kind,
    train.learningRate,
  ]);
  expect(rates).toEqual([
    ['full', 1e-5],
    ['lora', 1e-5],
    ['full', 2e-5],
    ['lora', 2e-5],
  ]);
});
