/**
 * One real training step of the full-size Stable Diffusion 1.x UNet (random weights, 32x32 latents, batch 1): how long
 * graph, session and step take, and how much memory. `node scripts/bench-full-size.ts full` or `lora`; a full step
 * needs about 16 GB. The last line is one JSON object.
 */
import { usualSettings } from '../native/facts/optimizers.ts';
import { takesAdapter } from '../native/families/stable-diffusion/lora.ts';
import { unetDenoiser } from '../native/families/stable-diffusion/parts.ts';
import { type DataArray, elementCount } from '../native/graph/data-type.ts';
import type { Parameter } from '../native/models/parameter.ts';
import { readUNetConfig } from '../native/models/unet.ts';
import { createOptimizer } from '../native/optimizers/optimizers.ts';
import { normals } from '../native/random/philox.ts';
import { chooseRuntime } from '../native/runtime/providers.ts';
import { buildArtifacts, totalElements } from '../native/training/artifacts.ts';
import { buildDiffusionGraph } from '../native/training/diffusion-graph.ts';
import { drawnWeights } from '../native/training/initial-weights.ts';
import { createTrainer } from '../native/training/trainer.ts';
import { readFullSize } from '../tests/reference/fixture.ts';
import { statesAlone } from '../tests/training/tiny-model.ts';

const method = process.argv[2] === 'lora' ? 'lora' : 'full';
const [size, tokens] = [32, 77];
const shape = { rows: 1, size: { height: size, width: size } };
const gib = (): number => process.memoryUsage().rss / 2 ** 30;
const peakGib = (): number => process.resourceUsage().maxRSS / 2 ** 20;

const { config } = await readFullSize('sd1-unet');
const unetConfig = readUNetConfig(config);
const runtime = await chooseRuntime({ provider: 'cpu' });
const startGib = gib();

let begun = performance.now();
const artifacts = buildArtifacts(
  buildDiffusionGraph({
    denoiser: unetDenoiser(unetConfig),
    conditioning: statesAlone(tokens, unetConfig.crossAttentionDim),
    noise: { predictionType: 'epsilon' },
    encodes: false,
    trained: method === 'lora' ? { rank: 16, scale: 1, takes: takesAdapter } : 'full',
    shape,
    matrixConv: runtime.prefersMatrixConv,
  }),
  runtime,
);
const graphSeconds = (performance.now() - begun) / 1000;

begun = performance.now();
const session = await runtime.createSession(artifacts.trainingModel);
const sessionSeconds = (performance.now() - begun) / 1000;
const sessionGib = gib() - startGib;
await session.dispose();

const weight = (parameter: Parameter): Promise<Float32Array<ArrayBuffer>> =>
  Promise.resolve(drawnWeights(parameter, 1));
begun = performance.now();
const trainer = await createTrainer({
  runtime,
  rule: { optimizer: createOptimizer(usualSettings('adamw')), maxGradientNorm: 1, ema: false },
  trainable: artifacts.trainable,
  initial: weight,
  frozen: weight,
  artifacts: () => artifacts,
  accumulate: false,
});
const loadSeconds = (performance.now() - begun) / 1000;

const noise = (index: number, ...shape: readonly number[]): Float32Array<ArrayBuffer> =>
  normals(0, 'noise', 0, index, new Float32Array(elementCount(shape)));
const batch: Record<string, DataArray> = {
  latents: noise(0, 4, size, size),
  noise: noise(1, 4, size, size),
  encoder_hidden_states: noise(2, tokens, unetConfig.crossAttentionDim),
  timesteps: Float32Array.of(500),
  signal_rate: Float32Array.of(0.8),
  noise_rate: Float32Array.of(0.6),
  loss_weights: Float32Array.of(1),
};
const steps: { seconds: number; loss: number; gradientNorm: number }[] = [];
for (let step = 1; step <= 2; step++) {
  begun = performance.now();
  const loss = await trainer.backward(shape, batch, true);
  const gradientNorm = await trainer.update(step, 1e-5, 0);
  steps.push({ seconds: (performance.now() - begun) / 1000, loss, gradientNorm });
}
const parameters = totalElements([...artifacts.trainable, ...artifacts.frozen]);
console.log(
  JSON.stringify({
    method,
    parameters,
    trainable: totalElements(artifacts.trainable),
    weightsGib: (4 * parameters) / 2 ** 30,
    modelMib: artifacts.trainingModel.length / 2 ** 20,
    graphSeconds,
    sessionSeconds,
    sessionGib,
    loadSeconds,
    steps,
    peakGib: peakGib(),
    runtime: runtime.description,
  }),
);
await trainer.dispose();
await runtime.dispose();
