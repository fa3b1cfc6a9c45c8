/**
 * One real training step of the full-size Stable Diffusion 1.x UNet (random weights, 32x32 latents, batch 1): how long
 * graph, session and step take, and how much memory. `node scripts/bench-full-size.ts full` or `lora`; a full step
 * needs about 16 GB. The last line is one JSON object.
 */
import { chooseRuntime } from '../native/runtime/providers.ts';
import { totalElements } from '../native/training/artifacts.ts';
import { drawnWeights } from '../native/training/initial-weights.ts';
import { readFullSize } from '../tests/reference/fixture.ts';
import { denoisingArtifacts, type DenoisingStep, openDenoisingStep } from './full-size/denoising-step.ts';

const { config } = await readFullSize('sd1-unet');
const method = process.argv[2] === 'lora' ? 'lora' : 'full';
const step: DenoisingStep = { method, config, rows: 1, size: 32, tokens: 77 };
const gib = (): number => process.memoryUsage().rss / 2 ** 30;
const peakGib = (): number => process.resourceUsage().maxRSS / 2 ** 20;

const runtime = await chooseRuntime({ provider: 'cpu' });
const startGib = gib();

let begun = performance.now();
const artifacts = denoisingArtifacts(step, runtime);
const graphSeconds = (performance.now() - begun) / 1000;

begun = performance.now();
const session = await runtime.createSession(artifacts.trainingModel);
const sessionSeconds = (performance.now() - begun) / 1000;
const sessionGib = gib() - startGib;
await session.dispose();

begun = performance.now();
const { trainer, run } = await openDenoisingStep(step, runtime, artifacts, (parameter) =>
  drawnWeights(parameter, 1),
);
const loadSeconds = (performance.now() - begun) / 1000;

const steps: { seconds: number; loss: number; gradientNorm: number }[] = [];
for (let number = 1; number <= 2; number++) {
  begun = performance.now();
  const done = await run(number);
  steps.push({ seconds: (performance.now() - begun) / 1000, ...done });
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
