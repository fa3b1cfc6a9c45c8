import type { ComputePrecision } from '../facts/precision.ts';
import type { SamplerName } from '../facts/samplers.ts';
import { Failure } from '../failure.ts';
import type { OpenModel } from '../families/family.ts';
import { openDecoder } from '../families/open-autoencoder.ts';
import { pictureFacts } from '../families/picture-facts.ts';
import type { DataArray } from '../graph/data-type.ts';
import { wholePicture } from '../images/picture-origin.ts';
import { type Inference, openInference } from '../models/inference.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { hasWeights } from '../tokenizer/prompt-parts.ts';
import { createSampler } from './create-sampler.ts';
import { applyGuidance } from './guidance.ts';
import { createPictureNoise } from './picture-noise.ts';
import { createPromptReader, type PromptStates, rowsOfChunks } from './prompt-reader.ts';
import { roundHalfToEven } from './samplers/timesteps.ts';

/** What all pictures of a batch share. */
export interface SamplingSettings {
  readonly sampler: SamplerName;
  readonly steps: number;
  readonly guidanceScale: number;
  /** As `CaptionReading` counts; left out, 1. */
  readonly clipSkip?: number | undefined;
  /** In pixels. */
  readonly width: number;
  readonly height: number;
}

export interface PictureRequest {
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly seed: number;
}

export interface TextToImage {
  /**
   * Pictures in the order asked for, each [3, h, w] in [-1, 1]; seeds mean what they mean in diffusers. `onStep` is
   * called after each of the sampler's steps, and ends the sampling by throwing.
   */
  generate(
    requests: readonly PictureRequest[],
    settings: SamplingSettings,
    onStep?: (done: number, total: number) => void,
  ): Promise<Float32Array<ArrayBuffer>[]>;
  dispose(): Promise<void>;
}

/** What is known of a model to sample from it. */
export type SampledModel = Pick<OpenModel, 'autoencoder' | 'conditioning' | 'denoiser' | 'noise'>;

/** What of a model makes pictures, whatever runs it. */
export interface PictureModel {
  /** What the denoiser is told of the prompts. Null is a prompt that is not given. */
  readonly states: (prompts: readonly (string | null)[], clipSkip: number) => Promise<PromptStates>;
  /** What the denoiser makes of latents of that shape. The array is overwritten by the next. */
  readonly denoise: (
    shape: SessionShape,
    inputs: Readonly<Record<string, DataArray>>,
  ) => Promise<Float32Array<ArrayBuffer>>;
  /** One picture's latents, not scaled, to the picture. */
  readonly decode: (
    height: number,
    width: number,
    latents: Float32Array<ArrayBuffer>,
  ) => Promise<Float32Array<ArrayBuffer>>;
  readonly dispose: () => Promise<void>;
}

/**
 * A model's text-to-image pipeline. Sessions are made at the first use of each batch shape, and those of the last shape are
 * kept: a change of size or batch makes new ones. In float16 a picture that does not come out finite is decoded again in
 * float32, for there are autoencoders whose numbers float16 has not.
 */
export function createTextToImage(
  runtime: Runtime,
  model: OpenModel,
  precision: ComputePrecision = 'float32',
): TextToImage {
  const prompts = createPromptReader(runtime, model, precision);
  const denoisers = keptForLastShape((shape) => openDenoiser(runtime, model, precision, shape));
  const decodersIn = (type: ComputePrecision) =>
    keptForLastShape(([, height, width]) =>
      openDecoder(
        model.autoencoder,
        { height, width },
        { runtime, readWeight: model.readWeight, weightType: model.weightType, precision: type },
      ),
    );
  const decoders = decodersIn(precision);
  const exactDecoders = decodersIn('float32');
  return pipelineOf(model, {
    states: (texts, clipSkip) => prompts.states(texts, clipSkip),
    denoise: async (shape, inputs) => (await (await denoisers.get(shape)).run(inputs)).output!,
    decode: async (height, width, latents) => {
      const picture = (await (await decoders.get([1, height, width, 1])).run({ latents })).pictures!.slice();
      if (precision === 'float32' || picture.every(Number.isFinite)) return picture;
      const exact = await exactDecoders.get([1, height, width, 1]);
      return (await exact.run({ latents })).pictures!.slice();
    },
    dispose: async () => {
      for (const part of [prompts, denoisers, decoders, exactDecoders]) await part.dispose();
    },
  });
}

/** Sampling over what runs a model. */
export function pipelineOf(
  { autoencoder, conditioning, denoiser, noise: process }: SampledModel,
  parts: PictureModel,
): TextToImage {
  return {
    generate: async (requests, settings, onStep) => {
      checkSize(settings, autoencoder.factor);
      const { guidanceScale } = settings;
      const [height, width] = [settings.height / autoencoder.factor, settings.width / autoencoder.factor];
      const guided = guidanceScale > 1;
      const rows = requests.length * (guided ? 2 : 1);
      const wanted = requests.map(({ prompt }) => prompt);
      const { states, chunks } = await parts.states(
        guided ? [...requests.map(({ negativePrompt }) => negativePrompt || null), ...wanted] : wanted,
        settings.clipSkip ?? 1,
      );
      const conditions = {
        ...states,
        ...pictureFacts(conditioning, new Array(rows).fill(wholePicture(settings))),
      };

      const sampler = createSampler(settings.sampler, process.scheduler, settings.steps);
      const noise = createPictureNoise(
        requests.map(({ seed }) => seed),
        [denoiser.channels, height, width],
      );
      let latents = noise().map((value) => value * sampler.initialNoiseScale);
      for (let i = 0; i < sampler.timesteps.length; i++) {
        const input = sampler.scaleInput(latents, i);
        const output = await parts.denoise([rows, height, width, chunks], {
          sample: guided ? twice(input) : input,
          timesteps: new Float32Array(rows).fill(sampler.timesteps[i]!),
          ...conditions,
        });
        const predicted = guided ? applyGuidance(output, requests.length, guidanceScale) : output;
        latents = sampler.step(predicted, i, latents, noise);
        onStep?.(i + 1, sampler.timesteps.length);
      }

      const size = latents.length / requests.length;
      const pictures: Float32Array<ArrayBuffer>[] = [];
      for (let i = 0; i < requests.length; i++) {
        const one = latents.slice(i * size, (i + 1) * size).map((value) => value / autoencoder.scalingFactor);
        const picture = await parts.decode(height, width, one);
        if (!picture.every(Number.isFinite)) throw notFinite(requests[i]!);
        pictures.push(picture);
      }
      return pictures;
    },
    dispose: parts.dispose,
  };
}

function openDenoiser(
  runtime: Runtime,
  { denoiser, conditioning, readWeight, weightType }: OpenModel,
  precision: ComputePrecision,
  [rows, height, width, chunks]: SessionShape,
): Promise<Inference> {
  return openInference(
    runtime,
    readWeight,
    (builders, graph) => {
      const sample = graph.input('sample', 'float32', [rows, denoiser.channels, height, width]);
      const timesteps = graph.input('timesteps', 'float32', [rows]);
      const told = Object.entries({ ...rowsOfChunks(conditioning, chunks), ...conditioning.facts }).map(
        ([name, { type, shape }]) => [name, graph.input(name, type, [rows, ...shape])] as const,
      );
      const inputs = { sample, timesteps, conditioning: Object.fromEntries(told) };
      return { output: denoiser.predict(builders(denoiser.component), inputs) };
    },
    weightType,
    precision,
  );
}

/** `chunks` are those of the prompts. */
export type SessionShape = readonly [rows: number, height: number, width: number, chunks: number];

/** Sessions of one shape at a time. */
function keptForLastShape(open: (shape: SessionShape) => Promise<Inference>): {
  get(shape: SessionShape): Promise<Inference>;
  dispose(): Promise<void>;
} {
  let kept: { readonly shape: SessionShape; readonly opened: Promise<Inference> } | null = null;
  const dispose = async (): Promise<void> => {
    // One that could not be opened has said so already, to whoever asked for it.
    await (await kept?.opened.catch(() => null))?.dispose();
  };
  return {
    get: async (shape) => {
      if (!kept?.shape.every((extent, axis) => extent === shape[axis])) {
        await dispose();
        kept = { shape, opened: open(shape) };
      }
      return kept.opened;
    },
    dispose,
  };
}

function checkSize({ width, height }: SamplingSettings, multiple: number): void {
  if (width > 0 && height > 0 && width % multiple === 0 && height % multiple === 0) return;
  throw new Failure(
    'picture-size',
    `This model cannot make a picture of ${width} x ${height} pixels.`,
    `Choose a width and a height that are multiples of ${multiple}.`,
  );
}

function notFinite({ prompt, negativePrompt }: PictureRequest): Failure {
  const cause =
    'Its weights are damaged, or training has broken them: choose an earlier epoch, or get the model again.';
  return new Failure(
    'picture-not-finite',
    'The model made no picture: what it computes is not finite.',
    [prompt, negativePrompt].some(hasWeights)
      ? `The prompt may weigh words too much: try it without brackets and numbers, as in (fox:1.5). If that does not help: ${cause}`
      : cause,
  );
}

function twice(array: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const doubled = new Float32Array(2 * array.length);
  doubled.set(array);
  doubled.set(array, array.length);
  return doubled;
}

/** [3, h, w] in [-1, 1] -> interleaved bytes, rounded as diffusers rounds them. */
export function toRgb(picture: Float32Array): Uint8Array<ArrayBuffer> {
  const area = picture.length / 3;
  const rgb = new Uint8Array(picture.length);
  for (let c = 0; c < 3; c++) {
    for (let i = 0; i < area; i++) {
      const unit = Math.min(1, Math.max(0, picture[c * area + i]! / 2 + 0.5));
      rgb[3 * i + c] = roundHalfToEven(unit * 255);
    }
  }
  return rgb;
}
