import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { endingOf } from './facts/model-formats.ts';
import { embeddingName, loraName } from './facts/run-folder.ts';
import { Failure } from './failure.ts';
import { openModel } from './families/open-model.ts';
import { readFacts } from './families/read-facts.ts';
import { makeFolder } from './files/atomic-file.ts';
import { bytesOnDisk } from './files/bytes-on-disk.ts';
import { exists } from './files/exists.ts';
import { readJsonObject } from './files/json-file.ts';
import type { ExportJob, ExportProof, JobContext, JobResult, ProofRequest } from './jobs.ts';
import { proveExport } from './sampling/prove-export.ts';
import { readEmbedding, writeEmbedding } from './weights/embedding-file.ts';
import { writeKohyaLora, writePeftLora } from './weights/lora-file.ts';
import { readLora } from './weights/lora-reader.ts';

/** Writes a base with what a run made of it in a form other tools read. */
export async function exportModel(job: ExportJob, context: JobContext): Promise<JobResult> {
  const { output } = job;
  if (await exists(output)) {
    throw new Failure('output-exists', `${output} already exists.`, 'Choose another name, or move it away.');
  }
  checkEnding(job);
  await makeFolder(dirname(output));
  context.emit({ type: 'progress', phase: 'writing', done: 0, total: 1 });
  await writers[job.format](job);
  context.emit({ type: 'progress', phase: 'writing', done: 1, total: 1 });
  const bytes = await bytesOnDisk(output);
  return {
    ...{ kind: 'export', output, bytes },
    ...(job.format === 'onnx' && { pixelStep: (await readFacts(job.model.base)).pixelStep }),
    ...(job.proof && { proof: await proven(job, job.proof, context) }),
  };
}

/** What is not proven is not left. */
async function proven(job: ExportJob, proof: ProofRequest, context: JobContext): Promise<ExportProof> {
  try {
    return await proveExport(job, proof, context);
  } catch (error) {
    await rm(job.output, { recursive: true, force: true });
    throw error;
  }
}

const writers: Readonly<Record<ExportJob['format'], (job: ExportJob) => Promise<void>>> = {
  diffusers: exportFolder,
  'single-file': exportFile,
  lora: exportLora,
  onnx: exportOnnx,
  embedding: exportEmbedding,
};

/** A model under a name that says it is something else is opened by no tool, or wrongly. */
function checkEnding({ format, output }: ExportJob): void {
  const ending = endingOf(format);
  if (output.toLowerCase().endsWith(ending)) return;
  throw new Failure(
    'output-ending',
    `${output} does not end in ${ending}, as a model in one file does.`,
    `Give it a name that ends in ${ending}.`,
  );
}

async function exportFile({ model: reference, output, precision, metadata }: ExportJob): Promise<void> {
  const model = await openModel(reference);
  try {
    await model.saveFile(output, precision, metadata);
  } finally {
    await model.close();
  }
}

async function exportFolder({ model: reference, output, precision }: ExportJob): Promise<void> {
  const model = await openModel(reference);
  try {
    await model.save(output, precision);
  } finally {
    await model.close();
  }
}

async function exportOnnx({ model: reference, output, precision }: ExportJob): Promise<void> {
  const model = await openModel(reference);
  try {
    await model.saveOnnx(output, precision);
  } finally {
    await model.close();
  }
}

/** What a LoRA's file can say of a noise schedule that is not the base's: sd-scripts' word for it. */
async function scheduleMetadata(checkpoint: string): Promise<Readonly<Record<string, string>>> {
  const scheduler = await readJsonObject(join(checkpoint, 'scheduler', 'scheduler_config.json'));
  return scheduler?.rescale_betas_zero_snr === true ? { ss_zero_terminal_snr: 'True' } : {};
}

async function exportLora({
  model: reference,
  output,
  precision,
  metadata,
  loraNames = 'kohya',
}: ExportJob): Promise<void> {
  if (reference.loras !== undefined && reference.loras.length > 0) {
    throw new Failure(
      'lora-into-lora',
      'A LoRA cannot be merged into the file of another.',
      'Export the whole model, as diffusers or single-file, or leave the LoRA out.',
    );
  }
  const file = join(reference.checkpoint ?? '', loraName);
  if (reference.checkpoint === undefined || !(await exists(file))) {
    throw new Failure(
      'not-a-lora',
      `${reference.checkpoint ?? reference.base} holds no LoRA.`,
      'Export it as a diffusers folder, or train a LoRA.',
    );
  }
  const base = await openModel({ base: reference.base });
  try {
    const { layout, metadata: family } = base.adapters;
    const { modules } = await readLora(file, layout());
    const told = { ...family, ...(await scheduleMetadata(reference.checkpoint)), ...metadata };
    if (loraNames === 'peft') await writePeftLora(output, modules, precision, told);
    else await writeKohyaLora(output, modules, layout(), precision, told);
  } finally {
    await base.close();
  }
}

/** A new word in the form that other tools read. Its model stayed as it was, so there is nothing else to export. */
async function exportEmbedding({
  model: reference,
  output,
  metadata,
  embeddingNames,
}: ExportJob): Promise<void> {
  const file = join(reference.checkpoint ?? '', embeddingName);
  if (reference.checkpoint === undefined || !(await exists(file))) {
    throw new Failure(
      'not-an-embedding',
      `${reference.checkpoint ?? reference.base} holds no new word.`,
      'Export it as a diffusers folder, or teach the model a word.',
    );
  }
  const { wordEncoders, close } = await openModel({ base: reference.base });
  try {
    const embedding = await readEmbedding(file, undefined, wordEncoders);
    await writeEmbedding(output, embedding, wordEncoders, embeddingNames, metadata);
  } finally {
    await close();
  }
}
