import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { OpenModel } from '../families/family.ts';
import type { OnnxPart, OnnxText } from '../families/onnx/pipeline.ts';
import { type DataArray, elementCount } from '../graph/data-type.ts';
import { type ModelFile, openModelFile } from '../runtime/node/model-file.ts';
import type { HostTensor } from '../runtime/runtime.ts';
import { readTogether, rowsOfChunks } from './prompt-reader.ts';
import { pipelineOf, type TextToImage } from './text-to-image.ts';
import { weighStates } from './weigh-states.ts';

type Numbers = Float32Array<ArrayBuffer>;

/**
 * Pictures by the graphs of an exported pipeline alone, on the processor. What a file does not say, such as how texts become
 * tokens, is that of the model it was made of. One graph is open at a time. The graphs give what the model was made for, so there is
 * no clip skip.
 */
export function createOnnxTextToImage(folder: string, model: OpenModel): TextToImage {
  const { conditioning, onnx, denoiser, autoencoder } = model;
  const graphs = oneAtATime(folder);
  return pipelineOf(model, {
    states: async (prompts) => {
      const { texts, chunks } = readTogether(conditioning, prompts);
      const read = texts.flat();
      const rows = read.map(({ tokens }) => tokens);
      const weights = rows.map(({ told }) => told?.[0] ?? 1);
      const states: { readonly size: number; readonly data: Numbers }[] = [];
      let whole: Numbers | null = null;
      for (const text of onnx.texts) {
        const ids = rows.flatMap((row) => row[text.tokens]!.map(BigInt));
        const tokens: HostTensor = {
          type: 'int64',
          shape: [rows.length, ids.length / rows.length],
          data: BigInt64Array.from(ids),
        };
        const found = await (await graphs.get(text)).run({ input_ids: tokens }, outputsOf(text));
        const data = weighted(found[text.states]!, weights);
        states.push({ size: data.length / ids.length, data });
        if (text.whole !== null)
          whole = ofFirstChunks(weighted(found[text.whole]!, weights), prompts.length, chunks);
      }
      const joined = sideBySide(states);
      const size = joined.length / read.length;
      for (const [i, chunk] of read.entries())
        if (chunk.weights !== null) weighStates(joined.subarray(i * size, (i + 1) * size), chunk.weights);
      return {
        states: { encoder_hidden_states: joined, ...(whole !== null && { text_embeds: whole }) },
        chunks,
      };
    },
    denoise: async ([rows, height, width, chunks], { sample, timesteps, ...told }) => {
      const known = { ...rowsOfChunks(conditioning, chunks), ...conditioning.facts };
      const inputs = Object.entries(told).map(([name, data]) => {
        const { type, shape } = known[name]!;
        return [name, { type, shape: [rows, ...shape], data }] as const;
      });
      const found = await (
        await graphs.get(onnx.unet)
      ).run(
        {
          sample: floats([rows, denoiser.channels, height, width], sample!),
          // All rows are at the same.
          timestep: floats([], (timesteps as Numbers).slice(0, 1)),
          ...Object.fromEntries(inputs),
        },
        ['out_sample'],
      );
      return Float32Array.from(found.out_sample!);
    },
    decode: async (height, width, latents) => {
      const sample = floats([1, autoencoder.latentChannels, height, width], latents);
      const found = await (await graphs.get(onnx.decoder)).run({ latent_sample: sample }, ['sample']);
      return Float32Array.from(found.sample!);
    },
    dispose: graphs.close,
  });
}

const floats = (shape: readonly number[], data: DataArray): HostTensor => {
  if (elementCount(shape) !== data.length)
    throw new Error(`[${shape.join(', ')}] is given ${data.length} numbers.`);
  return { type: 'float32', shape, data };
};

function outputsOf({ states, whole }: OnnxText): readonly string[] {
  return whole === null ? [states] : [states, whole];
}

/** Rows times a number each. */
function weighted(data: Float32Array, weights: readonly number[]): Numbers {
  const size = data.length / weights.length;
  return Float32Array.from(data, (number, i) => number * weights[Math.floor(i / size)]!);
}

/** Of what each chunk of the texts comes to, what their first ones do. */
function ofFirstChunks(data: Numbers, texts: number, chunks: number): Numbers {
  const size = data.length / (texts * chunks);
  const first = new Float32Array(texts * size);
  for (let i = 0; i < texts; i++)
    first.set(data.subarray(i * chunks * size, (i * chunks + 1) * size), i * size);
  return first;
}

/** States of the same tokens by several encoders, one after the other for each token. */
function sideBySide(states: readonly { readonly size: number; readonly data: Numbers }[]): Numbers {
  const width = states.reduce((sum, { size }) => sum + size, 0);
  const tokens = states[0]!.data.length / states[0]!.size;
  const joined = new Float32Array(tokens * width);
  let before = 0;
  for (const { size, data } of states) {
    for (let token = 0; token < tokens; token++)
      joined.set(data.subarray(token * size, (token + 1) * size), token * width + before);
    before += size;
  }
  return joined;
}

/** Weights of more bytes are left where they are. */
const mostCopied = 256 * 2 ** 20;

/** Opens the graph of a part, and closes the one that was open. */
function oneAtATime(folder: string): {
  readonly get: (part: OnnxPart) => Promise<ModelFile>;
  readonly close: () => Promise<void>;
} {
  let open: { readonly part: OnnxPart; readonly file: ModelFile } | null = null;
  const close = async (): Promise<void> => {
    const before = open;
    open = null;
    await before?.file.close();
  };
  return {
    close,
    get: async (part) => {
      if (open?.part === part) return open.file;
      await close();
      const path = join(folder, part.folder, 'model.onnx');
      const beside = await stat(`${path}_data`).catch(() => null);
      const file = await openModelFile(path, (beside?.size ?? 0) > mostCopied);
      open = { part, file };
      return file;
    },
  };
}
