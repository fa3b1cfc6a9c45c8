import { Failure } from '../failure.ts';
import type { StableDiffusion } from '../families/stable-diffusion/open-model.ts';
import type { SamplerName } from '../jobs.ts';
import { autoencoderFactor, decode } from '../models/autoencoder.ts';
import { clipText } from '../models/clip-text.ts';
import { type Inference, openInference } from '../models/inference.ts';
import { unet, unetStride } from '../models/unet.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { createSampler } from './create-sampler.ts';
import { applyGuidance } from './guidance.ts';
import { createPictureNoise } from './picture-noise.ts';
import { roundHalfToEven } from './samplers/timesteps.ts';

/** What all pictures of a batch share. */
export interface SamplingSettings {
  readonly sampler: SamplerName;
  readonly steps: number;
  readonly guidanceScale: number;
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

/** Text embeddings kept: a comparison asks for the same prompts again and again. */
const maxEmbeddings = 1024;

/**
 * Stable Diffusion's text-to-image pipeline on one model. Sessions are made at the first use of each batch shape, and
 * those of the last shape are kept: a change of size or batch makes new ones.
 */
export function createTextToImage(runtime: Runtime, model: StableDiffusion): TextToImage {
  const embeddings = new Map<string, Float32Array<ArrayBuffer>>();
  let textEncoder: Promise<Inference> | null = null;
  let denoiser: { readonly key: string; readonly opened: Promise<Inference> } | null = null;
  let decoder: { readonly key: string; readonly opened: Promise<Inference> } | null = null;
  const { config: text } = model.text_encoder;
  const { config: unetConfig } = model.unet;
  const { config: vae } = model.vae;
  const factor = autoencoderFactor(vae);

  const embed = async (prompt: string): Promise<Float32Array<ArrayBuffer>> => {
    const known = embeddings.get(prompt);
    if (known) return known;
    textEncoder ??= openInference(runtime, model.text_encoder.readWeight, (builder, graph) => {
      return { states: clipText(builder, text, graph.input('input_ids', 'int64', [1, text.positions])) };
    });
    const { states } = await (
      await textEncoder
    ).run({
      input_ids: BigInt64Array.from(model.tokenizer.encode(prompt), BigInt),
    });
    if (embeddings.size >= maxEmbeddings) embeddings.clear();
    embeddings.set(prompt, states!.slice());
    return embeddings.get(prompt)!;
  };

  const openDenoiser = async (rows: number, height: number, width: number): Promise<Inference> => {
    const key = `${rows}x${height}x${width}`;
    if (denoiser?.key !== key) {
      await (await denoiser?.opened)?.dispose();
      const opened = openInference(runtime, model.unet.readWeight, (builder, graph) => {
        const sample = graph.input('sample', 'float32', [rows, unetConfig.inChannels, height, width]);
        const timesteps = graph.input('timesteps', 'float32', [rows]);
        const states = [rows, text.positions, unetConfig.crossAttentionDim];
        const encoderHiddenStates = graph.input('encoder_hidden_states', 'float32', states);
        return { output: unet(builder, unetConfig, { sample, timesteps, encoderHiddenStates }) };
      });
      denoiser = { key, opened };
    }
    return denoiser.opened;
  };

  const openDecoder = async (height: number, width: number): Promise<Inference> => {
    const key = `${height}x${width}`;
    if (decoder?.key !== key) {
      await (await decoder?.opened)?.dispose();
      const opened = openInference(runtime, model.vae.readWeight, (builder, graph) => {
        const latents = graph.input('latents', 'float32', [1, vae.latentChannels, height, width]);
        return { pictures: decode(builder, vae, latents) };
      });
      decoder = { key, opened };
    }
    return decoder.opened;
  };

  return {
    generate: async (requests, settings, onStep) => {
      const { guidanceScale } = settings;
      const [height, width] = [settings.height / factor, settings.width / factor];
      checkSize(settings, factor * unetStride(unetConfig));
      const guided = guidanceScale > 1;
      const rows = requests.length * (guided ? 2 : 1);
      const prompts = requests.map(({ prompt }) => prompt);
      const states = await stack(
        guided ? [...requests.map(({ negativePrompt }) => negativePrompt), ...prompts] : prompts,
        embed,
      );

      const sampler = createSampler(settings.sampler, model.scheduler, settings.steps);
      const noise = createPictureNoise(
        requests.map(({ seed }) => seed),
        [unetConfig.inChannels, height, width],
      );
      let latents = noise().map((value) => value * sampler.initialNoiseScale);
      const session = await openDenoiser(rows, height, width);
      for (let i = 0; i < sampler.timesteps.length; i++) {
        const input = sampler.scaleInput(latents, i);
        const { output } = await session.run({
          sample: guided ? twice(input) : input,
          timesteps: new Float32Array(rows).fill(sampler.timesteps[i]!),
          encoder_hidden_states: states,
        });
        const predicted = guided ? applyGuidance(output!, requests.length, guidanceScale) : output!;
        latents = sampler.step(predicted, i, latents, noise);
        onStep?.(i + 1, sampler.timesteps.length);
      }

      const decoding = await openDecoder(height, width);
      const size = latents.length / requests.length;
      const pictures: Float32Array<ArrayBuffer>[] = [];
      for (let i = 0; i < requests.length; i++) {
        const one = latents.slice(i * size, (i + 1) * size).map((value) => value / vae.scalingFactor);
        pictures.push((await decoding.run({ latents: one })).pictures!.slice());
      }
      return pictures;
    },
    dispose: async () => {
      for (const opened of [textEncoder, denoiser?.opened, decoder?.opened]) {
        // One that could not be opened has said so already, to whoever asked for it.
        const inference = await opened?.catch(() => null);
        await inference?.dispose();
      }
    },
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

async function stack(
  prompts: readonly string[],
  embed: (prompt: string) => Promise<Float32Array<ArrayBuffer>>,
): Promise<Float32Array<ArrayBuffer>> {
  const first = await embed(prompts[0]!);
  const stacked = new Float32Array(prompts.length * first.length);
  for (const [i, prompt] of prompts.entries()) stacked.set(await embed(prompt), i * first.length);
  return stacked;
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
