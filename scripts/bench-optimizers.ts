/**
 * How long an update takes by each optimizer on the processor, in one pass over memory and by standard operators, on all weights
 * of the UNet of `tests/reference/bench-unet.json`, clipped and averaged: `node scripts/bench-optimizers.ts`, `--json` for one
 * JSON object. All go by turns in one process, so that what else the machine does slows all of them down.
 */
import { parseArgs } from 'node:util';

import { optimizerKinds, usualSettings } from '../native/facts/optimizers.ts';
import { unetDenoiser } from '../native/families/stable-diffusion/parts.ts';
import { elementCount } from '../native/graph/data-type.ts';
import { readUNetConfig } from '../native/models/unet.ts';
import { createOptimizer } from '../native/optimizers/optimizers.ts';
import { normals } from '../native/random/philox.ts';
import { chooseRuntime } from '../native/runtime/providers.ts';
import { buildArtifacts } from '../native/training/artifacts.ts';
import { batchParts } from '../native/training/batch-parts.ts';
import type { BatchShape } from '../native/training/batch-shape.ts';
import { buildDiffusionGraph } from '../native/training/diffusion-graph.ts';
import { drawnWeights } from '../native/training/initial-weights.ts';
import { createTrainer } from '../native/training/trainer.ts';
import { readBenchSettings } from '../tests/reference/fixture.ts';
import { statesAlone } from '../tests/training/tiny-model.ts';

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '9' },
  },
});

const runtime = await chooseRuntime({ provider: 'cpu' });
const { batch: rows, height, width, tokens, unet } = await readBenchSettings();
const config = readUNetConfig(unet);
const shape: BatchShape = { rows, size: { height, width } };
const artifacts = (of: BatchShape) =>
  buildArtifacts(
    buildDiffusionGraph({
      denoiser: unetDenoiser(config),
      conditioning: statesAlone(tokens, config.crossAttentionDim),
      noise: { predictionType: 'epsilon' },
      encodes: false,
      trained: 'full',
      matrixConv: runtime.prefersMatrixConv,
      shape: of,
    }),
    runtime,
  );
const { trainable } = artifacts(shape);
const weights = trainable.reduce((sum, parameter) => sum + elementCount(parameter.shape), 0);
const noise = (index: number, ...extents: readonly number[]): Float32Array<ArrayBuffer> =>
  normals(0, 'noise', 0, index, new Float32Array(elementCount(extents)));
const filled = (value: number): Float32Array<ArrayBuffer> => new Float32Array(rows).fill(value);
const data = {
  latents: noise(0, rows, config.inChannels, height, width),
  noise: noise(1, rows, config.inChannels, height, width),
  encoder_hidden_states: noise(2, rows, tokens, config.crossAttentionDim),
  timesteps: filled(500),
  signal_rate: filled(0.8),
  noise_rate: filled(0.6),
  loss_weights: filled(1 / rows),
};

const median = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[times.length >> 1]!;

const candidates = await Promise.all(
  optimizerKinds.flatMap((kind) =>
    [true, false].map(async (onePass) => {
      const trainer = await createTrainer({
        runtime,
        rule: { optimizer: createOptimizer(usualSettings(kind)), maxGradientNorm: 1, ema: true },
        trainable,
        initial: (parameter) => Promise.resolve(drawnWeights(parameter, 1)),
        frozen: ({ name }) => Promise.reject(new Error(`${name} is frozen`)),
        artifacts,
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
