import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { Failure } from './failure.ts';
import { modulePaths, openStableDiffusion } from './families/stable-diffusion/open-model.ts';
import { makeFolder } from './files/atomic-file.ts';
import { bytesOnDisk } from './files/bytes-on-disk.ts';
import type { ExportJob, JobContext, JobResult } from './jobs.ts';
import { readLora, writeKohyaLora } from './weights/lora-file.ts';
import type { ComponentName } from './weights/weight-names.ts';
import { writeModelFolder } from './weights/write-model-folder.ts';

/** Writes a base with what a run made of it in a form other tools read. */
export async function exportModel(job: ExportJob, context: JobContext): Promise<JobResult> {
  const { output } = job;
  if ((await stat(output).catch(() => null)) !== null) {
    throw new Failure('output-exists', `${output} already exists.`, 'Choose another name, or move it away.');
  }
  await makeFolder(dirname(output));
  context.emit({ type: 'progress', phase: 'writing', done: 0, total: 1 });
  await (job.format === 'diffusers' ? exportFolder(job) : exportLora(job));
  context.emit({ type: 'progress', phase: 'writing', done: 1, total: 1 });
  return { kind: 'export', output, bytes: await bytesOnDisk(output) };
}

async function exportFolder({ model: reference, output, precision }: ExportJob): Promise<void> {
  const model = await openStableDiffusion(reference);
  try {
    const part = (name: ComponentName) => {
      const { hasWeights, configFile, weights } = model[name];
      if (!hasWeights) throw weightless(reference.base, name);
      return { config: configFile, weights: weights() };
    };
    await writeModelFolder(output, {
      components: { unet: part('unet'), vae: part('vae'), text_encoder: part('text_encoder') },
      scheduler: model.schedulerFile,
      tokenizerFolder: model.tokenizerFolder,
      precision,
    });
  } finally {
    await model.close();
  }
}

function weightless(base: string, name: ComponentName): Failure {
  return new Failure(
    'weights-missing',
    `The ${name} of ${base} has a config and no weights.`,
    'Train it first, and export a checkpoint.',
  );
}

async function exportLora({ model: reference, output, precision, metadata }: ExportJob): Promise<void> {
  const file = join(reference.checkpoint ?? '', 'lora.safetensors');
  if (reference.checkpoint === undefined || (await stat(file).catch(() => null)) === null) {
    throw new Failure(
      'not-a-lora',
      `${reference.checkpoint ?? reference.base} holds no LoRA.`,
      'Export it as a diffusers folder, or train with the method LoRA.',
    );
  }
  const base = await openStableDiffusion({ base: reference.base });
  try {
    const paths = modulePaths({ unet: base.unet.config, text_encoder: base.text_encoder.config });
    const { modules } = await readLora(file, paths);
    await writeKohyaLora(output, modules, precision, {
      ...loraFamily(base.schedulerFile, base.unet.config.crossAttentionDim),
      ...metadata,
    });
  } finally {
    await base.close();
  }
}

/** What tells other tools which family a LoRA belongs to; 1024 is the width of SD 2.x's text encoder. */
function loraFamily(
  scheduler: Readonly<Record<string, unknown>>,
  width: number,
): Readonly<Record<string, string>> {
  if (width !== 1024) return {};
  const prediction = scheduler.prediction_type === 'v_prediction' ? 'v' : 'epsilon';
  return {
    ss_v2: 'True',
    ss_base_model_version: prediction === 'v' ? 'sd_v2_v' : 'sd_v2',
    'modelspec.architecture':
      prediction === 'v' ? 'stable-diffusion-v2-768-v/lora' : 'stable-diffusion-v2-512/lora',
  };
}
