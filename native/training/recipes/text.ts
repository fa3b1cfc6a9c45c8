import { join } from 'node:path';

import { artifactsName } from '../../facts/run-folder.ts';
import { asItIs, readView } from '../../images/image-views.ts';
import type { TrainingImage } from '../../jobs.ts';
import { updateRule } from '../../optimizers/optimizers.ts';
import { integer } from '../../random/philox.ts';
import { precisionOn } from '../../runtime/precision.ts';
import { buildArtifacts, kindOf } from '../artifacts.ts';
import { tokenInputs } from '../caption-inputs.ts';
import { writeTrainedComponent } from '../checkpoint-weights.ts';
import { bucketRows } from '../data-order.ts';
import { initialWeights } from '../initial-weights.ts';
import { openTrainer } from '../rows-in-turn.ts';
import { buildTextGraph, patchSize, places, thumbnailOf } from '../text-graph.ts';
import type { PreparedBatch, Recipe, RecipeOptions, TrainingTask } from '../training-task.ts';

/**
 * The text encoders alone, from the base's weights or fresh ones, taught to tell pictures apart by their captions before a
 * UNet is trained on them: a denoiser sees most of a picture in its noisy latents and gives an encoder little to learn from.
 */
export function textRecipe(options: RecipeOptions): Recipe {
  const parameters = [...buildTextGraph(options.model.conditioning, 1).parameters.keys()];
  return { parameters, encoders: [], start: () => start(options, parameters) };
}

async function start(
  { job, model, runtime, context }: RecipeOptions,
  parameters: Recipe['parameters'],
): Promise<TrainingTask> {
  const { settings } = job;
  const { conditioning } = model;
  const precision = precisionOn(runtime, settings.precision);
  context.emit({ type: 'progress', phase: 'building the training graph', done: 0, total: 1 });
  const trainer = await openTrainer(job, {
    runtime,
    rule: updateRule(settings, precision),
    trainable: parameters,
    initial: (parameter) =>
      conditioning.encoders.includes(parameter.component) && model.component(parameter.component).hasWeights
        ? model.readWeight(parameter)
        : Promise.resolve(initialWeights(parameter, settings.seed)),
    frozen: ({ name }) => Promise.reject(new Error(`${name}: nothing of a text encoder is frozen.`)),
    artifacts: ({ rows }) =>
      buildArtifacts(buildTextGraph(conditioning, rows), {
        ...kindOf(runtime),
        precision,
      }),
    artifactFolder: join(job.folder, artifactsName),
  });
  context.emit({ type: 'progress', phase: 'building the training graph', done: 1, total: 1 });

  const tokens = tokenInputs(conditioning);
  const thumbnailFor = rememberedThumbnails();
  const fill = async (
    images: readonly TrainingImage[],
    captions: readonly string[],
    rows: number,
    share: number,
  ): Promise<PreparedBatch> => {
    const thumbnails = new Float32Array(rows * places * patchSize);
    const weights = new Float32Array(rows).fill(share, 0, images.length);
    for (const [i, image] of images.entries())
      thumbnails.set(await thumbnailFor(image), i * places * patchSize);
    const padded = Array.from({ length: rows }, (_, i) => captions[i] ?? '');
    const data = { thumbnails, loss_weights: weights, ...(await tokens.fill(padded)) };
    return { shape: { rows, size: null }, data };
  };

  const validationRows = [...bucketRows(job.validation, settings.batchSize).values()];
  const rows = Math.max(0, ...validationRows);
  const validation = Array.from({ length: rows && Math.ceil(job.validation.length / rows) }, (_, i) => {
    const images = job.validation.slice(i * rows, (i + 1) * rows);
    const captions = images.map((image) => image.captions[0]!);
    return () => fill(images, captions, rows, 1 / job.validation.length);
  });
  return {
    trainer,
    prepare: ({ images, rows: batchRows }, { step, firstIndex, share }) => {
      const captions = images.map(
        (image, i) =>
          image.captions[integer(settings.seed, 'captions', step, firstIndex + i, image.captions.length)]!,
      );
      return fill(images, captions, batchRows, share);
    },
    validation,
    writeCheckpoint: async (folder) => {
      for (const name of conditioning.encoders)
        await writeTrainedComponent(folder, name, { model, trainer }, settings);
    },
    dispose: () => trainer.dispose(),
  };
}

/** Thumbnails of the images, each made once: they are small. */
function rememberedThumbnails(): (image: TrainingImage) => Promise<Float32Array> {
  const kept = new Map<string, Float32Array>();
  return async (image) => {
    const known = kept.get(image.id);
    if (known) return known;
    const made = thumbnailOf(await readView(asItIs(image)), image);
    kept.set(image.id, made);
    return made;
  };
}
