/** What is drawn and exported of the pinned runs: with these, every way through the engine on the processor. */
import path from 'node:path';

import type { SamplerName } from '../../native/facts/samplers.ts';
import type { ExportJob, GenerateJob, Picture } from '../../native/jobs.ts';
import type { Inputs } from './inputs.ts';
import { device, type PinnedRun, pinnedRuns } from './runs.ts';

/** A checkpoint's folder. */
const checkpoint = (folder: string, run: string, epoch: number): string =>
  path.join(folder, 'runs', run, 'checkpoints', `epoch-${String(epoch).padStart(4, '0')}`);

/** Exports of what was trained; `exports/kohya` is a folder that pictures can be drawn with. */
export function pinnedExports(folder: string, { bases }: Inputs): readonly ExportJob[] {
  const job = (
    name: string,
    model: ExportJob['model'],
    format: ExportJob['format'],
    precision: ExportJob['precision'],
    metadata: ExportJob['metadata'] = {},
  ): ExportJob => ({
    kind: 'export',
    model,
    format,
    precision,
    metadata,
    output: path.join(folder, 'exports', name),
  });
  const full = { base: bases.sd1, checkpoint: checkpoint(folder, 'full in two parts', 2) };
  const lora = { base: bases.sd1, checkpoint: checkpoint(folder, 'lora', 2) };
  const textLora = {
    base: bases.sd2,
    checkpoint: checkpoint(folder, 'lora in two parts, text encoder trained, everything on', 2),
  };
  return [
    job('full', full, 'diffusers', 'float32'),
    job('full in half precision', full, 'diffusers', 'float16'),
    job('lora merged', { ...lora, loraScale: 0.7 }, 'diffusers', 'float32'),
    job('lora with text encoder merged', textLora, 'diffusers', 'float16'),
    job(path.join('kohya', 'lora.safetensors'), lora, 'lora', 'float32', { ss_output_name: 'pinned' }),
    job('lora with text encoder.safetensors', textLora, 'lora', 'float16'),
  ];
}

/** A run on what was exported, half-precision weights and all. */
export function runOnExport(folder: string, { bases, images }: Inputs): PinnedRun {
  const [model] = pinnedRuns(folder, { bases, images, wide: images });
  const name = 'lora on an export in half precision';
  return {
    name,
    job: {
      ...model!.job,
      folder: path.join(folder, 'runs', name),
      base: path.join(folder, 'exports', 'full in half precision'),
      method: { kind: 'lora', textEncoder: false, rank: 2, alpha: 2 },
    },
  };
}

const samplers: readonly SamplerName[] = [
  'ddim',
  'pndm',
  'euler',
  'euler-ancestral',
  'dpm++-2m',
  'dpm++-2m-karras',
];

/** Pictures of bases, checkpoints and exports, by every sampler and for both kinds of prediction. */
export function pinnedPictures(folder: string, { bases }: Inputs): readonly GenerateJob[] {
  const exported = (name: string): string => path.join(folder, 'exports', name);
  const models: Readonly<Record<string, Picture['model']>> = {
    'sd1 base': { base: bases.sd1 },
    'sd2 base': { base: bases.sd2 },
    'full checkpoint': { base: bases.sd1, checkpoint: checkpoint(folder, 'full', 1) },
    'half-precision checkpoint': {
      base: bases.sd1,
      checkpoint: checkpoint(folder, 'full, text encoder trained, everything on', 2),
    },
    'lora checkpoint': { base: bases.sd1, checkpoint: checkpoint(folder, 'lora', 2), loraScale: 0.7 },
    'lora export': { base: bases.sd1, checkpoint: exported('kohya') },
    'vae checkpoint': { base: bases.sd1, checkpoint: checkpoint(folder, 'vae', 2) },
    'diffusers export': { base: exported('full') },
    'half-precision export': { base: exported('full in half precision') },
  };
  const everySampler = ['sd1 base', 'sd2 base', 'full checkpoint'];
  const job = (
    model: string,
    reference: Picture['model'],
    sampler: SamplerName,
    [width, height]: readonly [number, number],
    api: 'c-api' | 'node' = 'c-api',
  ): GenerateJob => ({
    kind: 'generate',
    batchSize: 2,
    device: { ...device, api },
    // The third is in a batch of its own.
    pictures: [0, 1, 2].map((seed) => ({
      model: reference,
      prompt: 'a red square, two dots',
      negativePrompt: seed === 1 ? 'blue' : '',
      seed,
      sampler,
      steps: 4,
      guidanceScale: model === 'lora export' ? 1 : 5,
      width,
      height,
      output: path.join(folder, 'pictures', `${model} ${sampler} ${api}`, `${seed}.png`),
    })),
  });
  return [
    ...Object.entries(models).flatMap(([name, reference]) =>
      (everySampler.includes(name) ? samplers : (['dpm++-2m-karras'] as const)).map((sampler) =>
        job(name, reference, sampler, sampler === 'ddim' ? [48, 24] : [32, 32]),
      ),
    ),
    job('full checkpoint', models['full checkpoint']!, 'euler', [32, 32], 'node'),
    job('seedling', { base: bases.seedling }, 'ddim', [64, 64]),
  ];
}
