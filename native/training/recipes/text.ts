import { join } from 'node:path';

import type { StableDiffusion } from '../../families/stable-diffusion/open-model.ts';
import { Graph, type Value } from '../../graph/graph.ts';
import { add, mul, sub } from '../../graph/ops/elementwise.ts';
import { reduceSum } from '../../graph/ops/reduce.ts';
import { gather, reshape } from '../../graph/ops/shape.ts';
import type { JobContext, TrainingImage, TrainJob } from '../../jobs.ts';
import { silu } from '../../models/activations.ts';
import { clipText, type ClipTextConfig } from '../../models/clip-text.ts';
import { attention, layerNorm, linear } from '../../models/layers.ts';
import { InputParameters } from '../../models/model-builder.ts';
import { integer } from '../../random/philox.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { buildArtifacts, type LossGraph, type TrainingArtifacts } from '../artifacts.ts';
import { tokenIds } from '../conditioning.ts';
import { bucketRows } from '../data-order.ts';
import { readView } from '../encode.ts';
import { initialWeights } from '../initial-weights.ts';
import { readFinite } from '../run-state.ts';
import { createTrainer } from '../trainer.ts';
import type { PreparedBatch, Recipe } from '../training-loop.ts';

interface TextOptions {
  readonly job: TrainJob;
  readonly model: Pick<StableDiffusion, 'text_encoder' | 'tokenizer'>;
  readonly runtime: Runtime;
  readonly context: JobContext;
}

/** Edge of the thumbnail a caption is to tell, and of the patches of it that the head draws. */
const thumbnail = 16;
const patch = 2;
const places = (thumbnail / patch) ** 2;
const patchSize = 3 * patch * patch;
const heads = 8;

const encoderPrefix = 'text_encoder.';
const headPrefix = 'head.';

/**
 * How far a caption tells its picture: the mean squared error of a thumbnail of 16x16 pixels, drawn from the encoder's
 * hidden states by one cross-attention per patch and a small network, which is how a UNet reads them later. Inputs besides
 * parameters: `input_ids` int64 [n, tokens], `thumbnails` [n, 64, 12] as `thumbnailOf` makes them, `loss_weights` [n].
 */
export function buildTextGraph(config: ClipTextConfig, batch: number): LossGraph {
  const graph = new Graph();
  const encoder = new InputParameters(graph, encoderPrefix);
  const head = new InputParameters(graph, headPrefix);
  const { hiddenSize: width, positions: tokens } = config;
  const thumbnails = graph.input('thumbnails', 'float32', [batch, places, patchSize]);
  const weights = graph.input('loss_weights', 'float32', [batch]);
  const states = reshape(clipText(encoder, config, graph.input('input_ids', 'int64', [batch, tokens])), [
    batch * tokens,
    width,
  ]);

  const indices = Array.from({ length: batch * places }, (_, i) => i % places);
  const table = head.parameter('place_embedding.weight', [places, width]);
  const queries = gather(table, graph.constant('int64', [indices.length], indices), 0);
  const keys = linear(head, 'to_k', states, width, false);
  const values = linear(head, 'to_v', states, width, false);
  const read = attention(queries, keys, values, { batch, heads });
  const hidden = silu(linear(head, 'fc1', layerNorm(head, 'norm', add(read, queries), 1e-5), 2 * width));
  const drawn = reshape(linear(head, 'fc2', hidden, patchSize), thumbnails.shape);

  const difference = sub(drawn, thumbnails);
  const errors = reduceSum(mul(difference, difference), [1, 2]);
  const loss = reduceSum(mul(errors, mul(weights, 1 / (places * patchSize))), [0]);
  const trainable = new Map<string, Value>(
    [...encoder.values.values(), ...head.values.values()].map((value) => [value.name, value]),
  );
  return { graph, loss, trainable, frozen: new Map() };
}

/** Means of equal squares of a picture [3, h, w], patch by patch: [64, 12], within a patch by channel, row, column. */
export function thumbnailOf(
  picture: Float32Array,
  { width, height }: { readonly width: number; readonly height: number },
): Float32Array<ArrayBuffer> {
  const sums = new Float32Array(places * patchSize);
  const [columns, rows] = [width / thumbnail, height / thumbnail];
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < height; y++) {
      const row = Math.floor(y / rows);
      for (let x = 0; x < width; x++) {
        const column = Math.floor(x / columns);
        const place = Math.floor(row / patch) * (thumbnail / patch) + Math.floor(column / patch);
        const within = (c * patch + (row % patch)) * patch + (column % patch);
        sums[place * patchSize + within]! += picture[(c * height + y) * width + x]!;
      }
    }
  }
  return sums.map((sum) => sum / (rows * columns));
}

/**
 * The text encoder alone, from the base's weights or fresh ones, taught to tell pictures apart by their captions before a
 * UNet is trained on it: a denoiser sees most of a picture in its noisy latents and gives an encoder little to learn from.
 */
export async function textRecipe({ job, model, runtime, context }: TextOptions): Promise<Recipe> {
  const { settings } = job;
  const { config } = model.text_encoder;
  const built = new Map<number, TrainingArtifacts>();
  const artifacts = (rows: number): TrainingArtifacts => {
    let found = built.get(rows);
    if (!found) built.set(rows, (found = buildArtifacts(buildTextGraph(config, rows), runtime.provider)));
    return found;
  };
  context.emit({ type: 'progress', phase: 'building the training graph', done: 0, total: 1 });
  const trainer = await createTrainer({
    runtime,
    optimizer: { ...settings, ema: settings.emaDecay > 0 },
    trainable: artifacts(1).trainable,
    initial: (spec) =>
      model.text_encoder.hasWeights && spec.name.startsWith(encoderPrefix)
        ? model.text_encoder.readWeight({ ...spec, name: spec.name.slice(encoderPrefix.length) })
        : Promise.resolve(initialWeights(spec, settings.seed, false)),
    frozen: ({ name }) => Promise.reject(new Error(`${name}: nothing of a text encoder is frozen.`)),
    artifacts: (shapeKey) => artifacts(Number(shapeKey)),
    accumulate: settings.gradientAccumulation > 1,
    artifactFolder: join(job.folder, 'artifacts'),
  });
  context.emit({ type: 'progress', phase: 'building the training graph', done: 1, total: 1 });

  const conditioning = tokenIds((text) => model.tokenizer.encode(text));
  const kept = new Map<string, Float32Array>();
  const thumbnailFor = async (image: TrainingImage): Promise<Float32Array> => {
    const known = kept.get(image.id);
    if (known) return known;
    const made = thumbnailOf(await readView({ image, flipped: false }), image);
    kept.set(image.id, made);
    return made;
  };
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
    const { name, data } = await conditioning.fill(padded);
    return { shapeKey: String(rows), data: { thumbnails, loss_weights: weights, [name]: data } };
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
      const kind = settings.emaDecay > 0 ? 'ema' : 'parameter';
      await model.text_encoder.write(
        join(folder, 'text_encoder'),
        settings.checkpointPrecision,
        trainer.trainable
          .filter(({ name }) => name.startsWith(encoderPrefix))
          .map(({ name, shape }) => ({
            name: name.slice(encoderPrefix.length),
            shape,
            data: () => readFinite(trainer, kind, { name, shape }),
          })),
      );
    },
    dispose: () => trainer.dispose(),
  };
}
