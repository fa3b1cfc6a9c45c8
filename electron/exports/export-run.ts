import { basename, join, parse, resolve } from 'node:path';

import { type CaptionReading, chosenReading } from '../../native/facts/caption-reading.ts';
import {
  type EmbeddingFileNames,
  endingOf,
  type LoraFileNames,
  type ModelFormat,
} from '../../native/facts/model-formats.ts';
import { Failure } from '../../native/failure.ts';
import { writeFileAtomic } from '../../native/files/atomic-file.ts';
import type { LoraUse, ProofRequest, TrainJob } from '../../native/jobs.ts';
import type { DeviceChoice } from '../../native/runtime/runtime.ts';
import type { Engine, RunOptions } from '../engine/engine.ts';
import { cardOf, companionsOf, pictureOf } from '../library/export-places.ts';
import { fileNameOf } from '../library/file-name.ts';
import { checkpointEpochs, modelAt, readEpochLosses, type Run } from '../runs/run-folder.ts';
import { promptsOf } from '../runs/run-prompts.ts';
import { licenceBeside, mergedLoras, shownProof, weightHashes } from './export-provenance.ts';
import { modelCard } from './model-card.ts';
import { placeWhole, refuseTaken } from './place-export.ts';
import { checkFormat, usualFormat } from './run-format.ts';
import { thumbnailMetadata } from './thumbnail.ts';

export interface ExportChoice {
  /** Left out: the last one kept. */
  readonly epoch?: number;
  /** Left out: `lora` for a LoRA run, `embedding` for one that taught a word, `diffusers` for every other. */
  readonly format?: ModelFormat;
  /** Of a LoRA; left out: kohya's. */
  readonly loraNames?: LoraFileNames;
  /** Of a new word; left out: A1111's and kohya's. */
  readonly embeddingNames?: EmbeddingFileNames;
  /** Left out: under the run's `exports/`. */
  readonly output?: string;
  readonly precision: 'float32' | 'float16';
  /** Strength a LoRA is merged with; default 1. */
  readonly loraScale?: number;
  /** LoRAs of others to be merged too. */
  readonly loras?: readonly LoraUse[];
  /** Where a picture of it is drawn before it counts as exported; left out: none is. */
  readonly proof?: { readonly device: DeviceChoice };
  /** A picture that the epoch made, for the head of a file. */
  readonly picture?: string | null;
  readonly software: string;
  readonly date: Date;
  /** More rows of settings for the card, by name: what only the library knows, such as the cost. */
  readonly facts?: readonly (readonly [name: string, value: string])[];
}

export interface Exported {
  readonly format: ModelFormat;
  readonly epoch: number;
  readonly output: string;
  readonly card: string;
  readonly bytes: number;
}

/**
 * Writes what a run made of its base as other tools read it, with a model card: `README.md` in a folder, a
 * Markdown file of the same name beside a file. All of it or nothing comes to lie there. Throws `no-such-epoch`, what `checkFormat` throws,
 * `output-exists`, `export-differs`.
 */
export async function exportRun(
  run: Run,
  choice: ExportChoice,
  engine: Engine,
  options: RunOptions = {},
): Promise<Exported> {
  const epoch = await chosenEpoch(run, choice.epoch);
  const { method } = run.job;
  const format = choice.format ?? usualFormat(method.kind);
  checkFormat(format, method.kind, `The run ${run.folder}`);
  const named = method.kind === 'embedding' ? method.word : run.spec.name;
  const name = exportName(fileNameOf(named), epoch, format, choice);
  const output = resolve(choice.output ?? join(run.folder, 'exports', name));
  const { loras = [] } = choice;
  const hint = 'Choose another name with --out.';
  await refuseTaken(output, hint);
  for (const beside of companionsOf(output)) await refuseTaken(beside, hint);

  const merged = await mergedLoras(loras, engine);
  const thumbnail = isFile(format) ? await thumbnailMetadata(choice.picture ?? null) : {};
  const losses = await readEpochLosses(run.folder);
  const bytes = await placeWhole(output, async (inside) => {
    const request = choice.proof ? proofOf(run, choice.proof.device, pictureOf(format, inside)) : null;
    const written = await engine.run(
      {
        kind: 'export',
        model: {
          ...modelAt(run, epoch),
          ...(choice.loraScale !== undefined && { loraScale: choice.loraScale }),
          ...(loras.length > 0 && { loras }),
        },
        format,
        ...(choice.loraNames !== undefined && { loraNames: choice.loraNames }),
        ...(choice.embeddingNames !== undefined && { embeddingNames: choice.embeddingNames }),
        output: inside,
        precision: choice.precision,
        metadata: { ...metadataOf(format, run, epoch, parse(output).name), ...thumbnail },
        ...(request && { proof: request }),
      },
      options,
    );
    const card = modelCard({
      spec: run.spec,
      job: run.job,
      epoch,
      losses: losses.find((entry) => entry.epoch === epoch) ?? null,
      lossBefore: losses.find((entry) => entry.epoch === 0)?.validationLoss ?? null,
      format,
      baseLicence: await licenceBeside(run.job.base),
      hashes: await weightHashes(inside),
      software: choice.software,
      date: choice.date.toISOString().slice(0, 10),
      loras: merged,
      proof: shownProof(request, written.proof),
      ...(written.pixelStep !== undefined && { pixelStep: written.pixelStep }),
      facts: choice.facts ?? [],
    });
    await writeFileAtomic(cardOf(format, inside), card);
    return written.bytes;
  });
  return { format, epoch, output, card: cardOf(format, output), bytes };
}

function isFile(format: ModelFormat): boolean {
  return format === 'lora' || format === 'single-file' || format === 'embedding';
}

/** The run's first prompt and seed. */
function proofOf(run: Run, device: DeviceChoice, output: string): ProofRequest {
  const { seeds, guidanceScale } = run.spec.samples;
  const { clipSkip = 1 } = run.job.settings;
  const [first] = promptsOf(run);
  const { prompt, negativePrompt } = first ?? { prompt: '', negativePrompt: '' };
  return {
    ...{ prompt, negativePrompt, seed: seeds[0] ?? 0, guidanceScale, device, output },
    ...(clipSkip > 1 && { clipSkip }),
  };
}

/** One epoch may be exported in every form; no two have one name. */
function exportName(run: string, epoch: number, format: ModelFormat, names: OwnNames): string {
  return `${run}-epoch-${epoch}${formName(format, names)}${endingOf(format)}`;
}

type OwnNames = Pick<ExportChoice, 'loraNames' | 'embeddingNames'>;

function formName(format: ModelFormat, { loraNames, embeddingNames }: OwnNames): string {
  if (format === 'single-file') return '-model';
  if (format === 'onnx') return '-onnx';
  if (format === 'embedding' && embeddingNames === 'diffusers') return '-diffusers';
  return format === 'lora' && loraNames === 'peft' ? '-peft' : '';
}

function metadataOf(
  format: ModelFormat,
  run: Run,
  epoch: number,
  name: string,
): Readonly<Record<string, string>> {
  if (format === 'lora') return loraMetadata(run, epoch, name);
  if (format === 'embedding') return wordMetadata(run, epoch);
  return format === 'single-file' ? { 'modelspec.title': name, ...readingMetadata(run.job.settings) } : {};
}

async function chosenEpoch(run: Run, asked: number | undefined): Promise<number> {
  const kept = await checkpointEpochs(run.folder);
  const epoch = asked ?? kept.at(-1);
  if (epoch !== undefined && kept.includes(epoch)) return epoch;
  throw new Failure(
    'no-such-epoch',
    asked === undefined
      ? `The run ${run.folder} has no checkpoint yet.`
      : `The run ${run.folder} has no checkpoint of epoch ${asked}.`,
    kept.length > 0 ? `It has ${kept.join(', ')}.` : `Train it first: screenfold resume ${run.folder}`,
  );
}

/** What pictures have to be made with, and captions were read by, where that is not as usual: under kohya's names. */
function readingMetadata(settings: CaptionReading): Readonly<Record<string, string>> {
  const { clipSkip, captionTokens } = chosenReading(settings);
  return {
    ...(clipSkip !== undefined && { ss_clip_skip: String(clipSkip) }),
    ...(captionTokens !== undefined && { ss_max_token_length: String(captionTokens) }),
  };
}

/** What kohya's tools and A1111 show of a LoRA, besides what the engine knows of its weights. */
function loraMetadata({ job, spec }: Run, epoch: number, name: string): Readonly<Record<string, string>> {
  const { settings } = job;
  const folder = basename(spec.data.folder);
  return {
    ss_output_name: name,
    ss_num_train_images: String(job.images.length),
    ss_num_validation_images: String(job.validation.length),
    ss_num_epochs: String(settings.epochs),
    ss_epoch: String(epoch),
    ss_learning_rate: String(settings.learningRate),
    ss_lr_scheduler: settings.schedule.kind,
    ss_lr_warmup_steps: String(settings.schedule.warmupSteps),
    ss_total_batch_size: String(settings.batchSize),
    ss_gradient_accumulation_steps: String(settings.gradientAccumulation),
    ss_max_grad_norm: String(settings.maxGradientNorm),
    ss_caption_dropout_rate: String(settings.captionDropout),
    ss_seed: String(settings.seed),
    ss_sd_model_name: basename(job.base),
    ss_resolution: `(${spec.resolution}, ${spec.resolution})`,
    ...readingMetadata(job.settings),
    ss_tag_frequency: JSON.stringify({ [folder]: tagFrequency(job.images) }),
    ss_dataset_dirs: JSON.stringify({
      [folder]: { n_repeats: spec.data.repeats, img_count: job.images.length },
    }),
  };
}

/** What kohya's tools say of a new word's file. */
function wordMetadata({ job }: Run, epoch: number): Readonly<Record<string, string>> {
  return {
    ss_epoch: String(epoch),
    ss_learning_rate: String(job.settings.learningRate),
    ss_sd_model_name: basename(job.base),
    ...readingMetadata(job.settings),
  };
}

/** How many images carry each comma-separated part of a caption. */
export function tagFrequency(images: TrainJob['images']): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const { captions } of images) {
    const tags = new Set((captions[0] ?? '').split(',').map((tag) => tag.trim()));
    for (const tag of tags) if (tag !== '') counts.set(tag, (counts.get(tag) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
}
