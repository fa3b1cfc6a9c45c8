/**
 * Measures the engine's training step (forward, backward, AdamW) and sampling step on the UNet of
 * `tests/reference/bench-unet.json`, each in a process of its own: `npm run bench`, `-- --json` for one JSON object.
 * `tests/reference/bench.py` does the same work in PyTorch. `-- --provider webgpu` and `-- --threads 4` change where.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { usualSettings } from '../native/facts/optimizers.ts';
import { elementCount } from '../native/graph/data-type.ts';
import { openInference } from '../native/models/inference.ts';
import { weightKind } from '../native/models/parameter.ts';
import { readUNetConfig, unet } from '../native/models/unet.ts';
import type { ReadWeight } from '../native/models/weight-tensor.ts';
import { createOptimizer } from '../native/optimizers/optimizers.ts';
import { chooseRuntime } from '../native/runtime/providers.ts';
import { type DeviceChoice, type Provider, providers, type Runtime } from '../native/runtime/runtime.ts';
import { totalElements } from '../native/training/artifacts.ts';
import { batchParts } from '../native/training/batch-parts.ts';
import { createTrainer } from '../native/training/trainer.ts';
import { readBenchSettings } from '../tests/reference/fixture.ts';
import { benchNoise, benchWeight, openFullTraining } from './bench/work.ts';

type Phase = 'train' | 'sample';

interface Measured {
  readonly ms: number;
  readonly peakRssMiB: number;
  readonly params: number;
  readonly runtime: string;
}

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    phase: { type: 'string' },
    runs: { type: 'string', default: '30' },
    threads: { type: 'string', default: '2' },
    provider: { type: 'string', default: 'cpu' },
    api: { type: 'string', default: 'c-api' },
  },
});
const [runs, warmUp] = [Number(flags.runs), 5];

function device(): DeviceChoice {
  const provider = providers.find((name) => name === flags.provider);
  if (!provider) throw new Error(`--provider is one of ${providers.join(', ')}`);
  return {
    provider: provider satisfies Provider,
    api: flags.api === 'node' ? 'node' : 'c-api',
    threads: Number(flags.threads),
  };
}

async function median(step: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < warmUp + runs; i++) {
    const started = performance.now();
    await step();
    if (i >= warmUp) times.push(performance.now() - started);
  }
  return times.sort((a, b) => a - b)[times.length >> 1]!;
}

async function measureTraining(runtime: Runtime): Promise<{ ms: number; params: number }> {
  const { shape, data, options } = await openFullTraining(runtime);
  const params = totalElements(options.trainable);
  const trainer = await createTrainer({
    ...options,
    rule: { optimizer: createOptimizer(usualSettings('adamw')), maxGradientNorm: 0, ema: false },
    parts: batchParts(runtime, params),
    accumulate: false,
  });
  let step = 0;
  const ms = await median(async () => {
    await trainer.backward(shape, data, true);
    await trainer.update(++step, 1e-4, 0);
  });
  await trainer.dispose();
  return { ms, params };
}

async function measureSampling(runtime: Runtime): Promise<{ ms: number; params: number }> {
  const settings = await readBenchSettings();
  const { batch, height, width, tokens } = settings;
  const config = readUNetConfig(settings.unet);
  let params = 0;
  const readWeight: ReadWeight = ({ key, shape }) => {
    params += elementCount(shape);
    const kind = weightKind(elementCount(shape) / shape[0]!);
    const drawn = {
      name: key,
      component: '',
      key,
      shape,
      layout: 'state-dict',
      trained: false,
      type: 'float32',
      adapter: null,
    } as const;
    return benchWeight({ ...drawn, ...kind, layout: 'state-dict' });
  };
  const session = await openInference(runtime, readWeight, (builders, graph) => {
    const sample = graph.input('sample', 'float32', [batch, config.inChannels, height, width]);
    const timesteps = graph.input('timesteps', 'float32', [batch]);
    const states = graph.input('encoder_hidden_states', 'float32', [batch, tokens, config.crossAttentionDim]);
    return { output: unet(builders('unet'), config, { sample, timesteps, promptStates: states }) };
  });
  const inputs = {
    sample: benchNoise(0, batch, config.inChannels, height, width),
    timesteps: new Float32Array(batch).fill(500),
    encoder_hidden_states: benchNoise(2, batch, tokens, config.crossAttentionDim),
  };
  const ms = await median(() => session.run(inputs));
  await session.dispose();
  return { ms, params };
}

async function measure(phase: Phase): Promise<Measured> {
  const runtime = await chooseRuntime(device());
  const { ms, params } = await (phase === 'train' ? measureTraining(runtime) : measureSampling(runtime));
  const { description } = runtime;
  await runtime.dispose();
  return { ms, params, peakRssMiB: process.resourceUsage().maxRSS / 1024, runtime: description };
}

/** Measures in a fresh process, so that one phase's memory is not the other's. */
function measureApart(phase: Phase): Measured {
  const args = [fileURLToPath(import.meta.url), ...process.argv.slice(2), '--phase', phase];
  const { status, stdout } = spawnSync(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`Measuring ${phase} ended with exit code ${status ?? 'none'}.`);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Measured;
}

if (flags.phase === 'train' || flags.phase === 'sample') {
  console.log(JSON.stringify(await measure(flags.phase)));
} else {
  const { batch } = await readBenchSettings();
  const [train, sample] = [measureApart('train'), measureApart('sample')];
  const result = {
    trainStepMs: train.ms,
    sampleStepMs: sample.ms,
    peakRssMiB: train.peakRssMiB,
    samplePeakRssMiB: sample.peakRssMiB,
    params: train.params,
    imagesPerSecond: (1000 * batch) / train.ms,
    runtime: train.runtime,
  };
  if (!flags.json) {
    console.log(
      `${train.runtime}; ${(train.params / 1e6).toFixed(2)} M parameters, batch ${batch}, medians of ${runs}`,
    );
    console.log(
      `training step  ${train.ms.toFixed(1)} ms  (${result.imagesPerSecond.toFixed(1)} images/s), peak ${train.peakRssMiB.toFixed(0)} MiB`,
    );
    console.log(`sampling step  ${sample.ms.toFixed(1)} ms, peak ${sample.peakRssMiB.toFixed(0)} MiB`);
  } else console.log(JSON.stringify(result));
}
