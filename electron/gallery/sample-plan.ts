import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { epochName } from '../../native/facts/run-folder.ts';
import { Failure } from '../../native/failure.ts';
import type { ModelReference, Picture } from '../../native/jobs.ts';
import { slug } from '../library/file-name.ts';
import { checkpointEpochs, modelAt, type Run } from '../runs/run-folder.ts';
import { type Prompt, promptsOf } from '../runs/run-prompts.ts';
import { withWords } from './lent-words.ts';

/** A picture of the development: which checkpoint, which words, which noise. */
export interface Sample {
  readonly epoch: number;
  readonly prompt: Prompt;
  readonly seed: number;
  readonly picture: Picture;
}

export interface SampleChoice {
  /** Left out: the base, if there was one, and every checkpoint there is. */
  readonly epochs?: readonly number[];
  /** Left out or empty: what the run's file says, else captions of its images. */
  readonly prompts?: readonly Prompt[];
  readonly seeds?: readonly number[];
}

/**
 * Every picture of epochs x prompts x seeds, in that order, each with a file of its own under `samples/` whose name
 * stands for the recipe and for the weights: the file is there exactly if that picture has been made.
 * Throws `no-such-epoch` where a checkpoint is asked for that was not kept, `no-checkpoint` where there is none at all.
 */
export async function planSamples(run: Run, choice: SampleChoice = {}): Promise<readonly Sample[]> {
  const kept = await checkpointEpochs(run.folder);
  // What is trained from fresh weights has no base to make pictures from.
  const all = run.job.method.kind === 'scratch' ? kept : [0, ...kept];
  const epochs = [...new Set(choice.epochs ?? all)].sort((a, b) => a - b);
  const missing = epochs.filter((epoch) => !all.includes(epoch));
  if (missing.length > 0) {
    throw new Failure(
      'no-such-epoch',
      `The run ${run.folder} has no checkpoint of epoch ${missing.join(', ')}.`,
      `It has ${all.map((epoch) => (epoch === 0 ? 'the base (0)' : epoch)).join(', ')}.`,
    );
  }
  if (epochs.length === 0) {
    throw new Failure(
      'no-checkpoint',
      `The run ${run.folder} has no checkpoint yet.`,
      `Resume it: screenfold resume ${run.folder}`,
    );
  }
  const prompts = choice.prompts?.length ? choice.prompts : promptsOf(run);
  const seeds = choice.seeds ?? run.spec.samples.seeds;

  const samples: Sample[] = [];
  for (const epoch of epochs) {
    const model = withWords(modelAt(run, epoch), run.spec.samples);
    const weights = await weightsFingerprint(model);
    for (const prompt of prompts) {
      for (const seed of seeds) {
        samples.push({ epoch, prompt, seed, picture: pictureOf(run, epoch, model, weights, prompt, seed) });
      }
    }
  }
  return samples;
}

function pictureOf(
  { folder, spec }: Run,
  epoch: number,
  model: ModelReference,
  weights: string,
  { prompt, negativePrompt }: Prompt,
  seed: number,
): Picture {
  const { sampler, steps, guidanceScale, clipSkip = spec.train.clipSkip } = spec.samples;
  const recipe = {
    prompt,
    negativePrompt,
    seed,
    sampler,
    steps,
    guidanceScale,
    // Left out where it does nothing, so that pictures from before there was a choice are found again.
    ...(clipSkip > 1 && { clipSkip }),
    width: spec.samples.width ?? spec.resolution,
    height: spec.samples.height ?? spec.resolution,
  };
  const digest = createHash('sha256')
    .update(JSON.stringify([recipe, weights, ...(model.embeddings ?? [])]))
    .digest('hex')
    .slice(0, 12);
  const file = `${slug(prompt)}-${seed}-${digest}.png`;
  return { ...recipe, model, output: join(folder, 'samples', epochName(epoch), file) };
}

/**
 * Stands for the weights by name, size and time of every weights file: reading gigabytes to notice that a file was
 * replaced would cost more than it tells.
 */
async function weightsFingerprint({ base, checkpoint }: ModelReference): Promise<string> {
  const files: string[] = [];
  for (const folder of checkpoint === undefined ? [base] : [base, checkpoint]) {
    const names = await readdir(folder, { recursive: true }).catch(() => []);
    const whole = await stat(folder).catch(() => null);
    if (whole?.isFile() === true) files.push(`${basename(folder)} ${whole.size} ${whole.mtimeMs}`);
    const safetensors = names.filter((entry) => entry.endsWith('.safetensors'));
    const beside = new Set(safetensors.map((name) => dirname(name)));
    // Pickles are read only where there is nothing else.
    const pickles = names.filter((entry) => entry.endsWith('.bin') && !beside.has(dirname(entry)));
    for (const name of [...safetensors, ...pickles].sort()) {
      const { size, mtimeMs } = await stat(join(folder, name));
      files.push(`${name} ${size} ${mtimeMs}`);
    }
  }
  return files.join('\n');
}
