/**
 * Real training steps of a full-size UNet (random weights, batch 1, 77 tokens): how long graph and steps take, and how much
 * memory, beside what is planned. `--family sd1|sd2|sdxl`, `--method full|lora`, `--size` in pixels; `--available <GiB>` is what
 * the plan takes to be free, of which it keeps what it can of activations (`all` memory there is, by default); `--keep` keeps them all,
 * in one graph; `--frozen float16` for frozen weights held so, `--precision float16` for products computed so,
 * `--optimizer adamw8bit` or another, `--fused` for updates during the backward pass. The last line is one JSON object.
 */
import { parseArgs } from 'node:util';

import { optimizerKinds, usualSettings } from '../native/facts/optimizers.ts';
import { chooseRuntime } from '../native/runtime/providers.ts';
import { totalElements } from '../native/training/artifacts.ts';
import { planMemory, totalBytes } from '../native/training/memory-plan.ts';
import { readFullSize } from '../tests/reference/fixture.ts';
import { unetAlone } from '../tests/training/full-size-model.ts';
import { tinySettings } from '../tests/training/tiny-model.ts';
import { denoisingArtifacts, type DenoisingStep, openDenoisingStep } from './full-size/denoising-step.ts';
import { quickWeights } from './full-size/quick-weights.ts';

const { values: flags } = parseArgs({
  options: {
    family: { type: 'string', default: 'sd1' },
    method: { type: 'string', default: 'lora' },
    size: { type: 'string', default: '512' },
    steps: { type: 'string', default: '3' },
    available: { type: 'string', default: 'all' },
    keep: { type: 'boolean', default: false },
    frozen: { type: 'string', default: 'float32' },
    precision: { type: 'string', default: 'float32' },
    optimizer: { type: 'string', default: 'adamw' },
    fused: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const families = { sd1: 'sd1-unet', sd2: 'sd2-unet', sdxl: 'sdxl-unet' } as const;
const { config } = await readFullSize(families[flags.family as keyof typeof families]);
const method = flags.method === 'full' ? 'full' : 'lora';
const frozen = flags.frozen === 'float16' ? 'float16' : 'float32';
const lora = { kind: 'lora', rank: 16, alpha: 16, textEncoder: false } as const;
const gib = (kib: number): number => kib / 2 ** 20;
const peakGib = (): number => gib(process.resourceUsage().maxRSS);

const runtime = await chooseRuntime({ provider: 'cpu' });
const precision = flags.precision === 'float16' ? 'float16' : 'float32';
const optimizer = optimizerKinds.find((kind) => kind === flags.optimizer);
if (!optimizer) throw new Error(`--optimizer is one of ${optimizerKinds.join(', ')}.`);
const edge = Number(flags.size);
const planned = planMemory(
  {
    images: [{ id: '1', path: '', captions: [''], width: edge, height: edge }],
    method: method === 'full' ? { kind: 'full', textEncoder: false } : lora,
    settings: {
      ...tinySettings,
      ...{ batchSize: 1, emaDecay: 0, precision, fusedBackward: flags.fused },
      optimizer: usualSettings(optimizer),
    },
  },
  unetAlone(config as object, frozen),
  {
    provider: 'cpu',
    available: flags.available === 'all' ? process.availableMemory() : Number(flags.available) * 2 ** 30,
  },
)!;
const begun = performance.now();
const step: DenoisingStep = {
  method,
  config,
  rows: 1,
  size: edge / 8,
  tokens: 77,
  recompute: !flags.keep,
  keptInside: planned.keptInside,
  fused: flags.fused,
  frozenType: frozen,
};
const artifacts = denoisingArtifacts(step, runtime, precision);
const graphSeconds = (performance.now() - begun) / 1000;
const { trainer, run } = await openDenoisingStep(step, runtime, artifacts, quickWeights, optimizer);
const steps: { seconds: number; loss: number; gradientNorm: number; peakGib: number }[] = [];
for (let number = 1; number <= Number(flags.steps); number++) {
  const started = performance.now();
  const done = await run(number);
  steps.push({ seconds: (performance.now() - started) / 1000, ...done, peakGib: peakGib() });
  if (!flags.json) console.log(JSON.stringify(steps.at(-1)));
}
const parameters = totalElements([...artifacts.trainable, ...artifacts.frozen]);
console.log(
  JSON.stringify({
    family: flags.family,
    method,
    size: edge,
    precision,
    optimizer,
    fused: flags.fused,
    parameters,
    trainable: totalElements(artifacts.trainable),
    weightsGib: gib(parameters / 256),
    graphSeconds,
    firstStepSeconds: steps[0]!.seconds,
    stepSeconds: Math.min(...steps.slice(1).map(({ seconds }) => seconds)),
    loss: steps[0]!.loss,
    gradientNorm: steps[0]!.gradientNorm,
    peakGib: peakGib(),
    plannedGib: flags.keep ? null : totalBytes(planned) / 2 ** 30,
    keptInsideGib: planned.keptInside / 2 ** 30,
    runtime: runtime.description,
  }),
);
await trainer.dispose();
await runtime.dispose();
