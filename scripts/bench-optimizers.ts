/**
 * How long an update takes by each optimizer on the processor, in one pass over memory and by standard operators, on all weights
 * of the UNet of `tests/reference/bench-unet.json`, clipped and averaged: `node scripts/bench-optimizers.ts`, `--json` for one
 * JSON object. All go by turns in one process, so that what else the machine does slows all of them down.
 */
import { parseArgs } from 'node:util';

import { optimizerKinds, usualSettings } from '../native/facts/optimizers.ts';
import { createOptimizer } from '../native/optimizers/optimizers.ts';
import { chooseRuntime } from '../native/runtime/providers.ts';
import { totalElements } from '../native/training/artifacts.ts';
import { batchParts } from '../native/training/batch-parts.ts';
import { createTrainer } from '../native/training/trainer.ts';
import { openFullTraining } from './bench/work.ts';

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '9' },
  },
});

const runtime = await chooseRuntime({ provider: 'cpu' });
const { shape, data, options } = await openFullTraining(runtime);
const weights = totalElements(options.trainable);

const median = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[times.length >> 1]!;

const candidates = await Promise.all(
  optimizerKinds.flatMap((kind) =>
    [true, false].map(async (onePass) => {
      const trainer = await createTrainer({
        ...options,
        rule: { optimizer: createOptimizer(usualSettings(kind)), maxGradientNorm: 1, ema: true },
        parts: batchParts(runtime, weights),
        accumulate: false,
        onePass,
      });
      return { kind, onePass, trainer, backward: [] as number[], update: [] as number[] };
    }),
  ),
);
const timed = async (into: number[], work: () => Promise<unknown>): Promise<void> => {
  const started = performance.now();
  await work();
  into.push(performance.now() - started);
};
const rounds = Number(flags.rounds);
// The first round opens graphs.
for (let step = 0; step <= rounds; step++)
  for (const { trainer, backward, update } of candidates) {
    await timed(backward, () => trainer.backward(shape, data, true));
    await timed(update, () => trainer.update(step + 1, 1e-5, 0.9));
    if (step === 0) for (const times of [backward, update]) times.length = 0;
  }

const medianOf = (kind: string, onePass: boolean, what: 'backward' | 'update'): number =>
  median(candidates.find((one) => one.kind === kind && one.onePass === onePass)![what]);
const adamw = medianOf('adamw', true, 'update');
const results = optimizerKinds.map((kind) => {
  const [update, byGraph] = [medianOf(kind, true, 'update'), medianOf(kind, false, 'update')];
  // In one pass, a batch goes in parts; by a graph, whole.
  const step = medianOf(kind, true, 'backward') + update;
  const stepByGraph = medianOf(kind, false, 'backward') + byGraph;
  return {
    kind,
    updateMs: update,
    besideAdamW: update / adamw,
    graphByOnePass: byGraph / update,
    stepGraphByOnePass: stepByGraph / step,
  };
});
if (flags.json)
  console.log(JSON.stringify({ weights, rounds, runtime: runtime.description, optimizers: results }));
else {
  console.log(`${runtime.description}; ${(weights / 1e6).toFixed(2)} M weights, medians of ${rounds}`);
  for (const { kind, updateMs, besideAdamW, graphByOnePass, stepGraphByOnePass } of results)
    console.log(
      `${kind.padEnd(10)} ${updateMs.toFixed(1)} ms, ${besideAdamW.toFixed(2)} of AdamW's; standard operators take ${graphByOnePass.toFixed(1)} times that, ${stepGraphByOnePass.toFixed(2)} times the step`,
    );
}
for (const { trainer } of candidates) await trainer.dispose();
await runtime.dispose();
