/** Every graph that training, evaluation and sampling of a tiny Stable Diffusion give a GPU; the full size has the same nodes. */
import { join } from 'node:path';

import { optimizerKinds, usualSettings } from '../../native/facts/optimizers.ts';
import type { OpenModel } from '../../native/families/family.ts';
import { openDecoder, openEncoder } from '../../native/families/open-autoencoder.ts';
import { openModel } from '../../native/families/open-model.ts';
import { serializeModel } from '../../native/graph/serialize.ts';
import { openInference } from '../../native/models/inference.ts';
import { buildAccumulation } from '../../native/optimizers/accumulation-graph.ts';
import { createOptimizer } from '../../native/optimizers/optimizers.ts';
import { buildGradientNorm, buildUpdate } from '../../native/optimizers/update-graph.ts';
import type { Provider } from '../../native/runtime/runtime.ts';
import { createTextToImage } from '../../native/sampling/text-to-image.ts';
import { buildArtifacts, type LossGraph } from '../../native/training/artifacts.ts';
import { buildAutoencoderGraph } from '../../native/training/autoencoder-graph.ts';
import { buildDiffusionGraph } from '../../native/training/diffusion-graph.ts';
import { buildTextGraph } from '../../native/training/text-graph.ts';
import { squaredModel } from '../models/squared-model.ts';
import { type RecordedModel, recordingRuntime } from '../runtime/recording-runtime.ts';
import { writeTinyModel } from './tiny-model.ts';
import { writeTinyXlModel } from './tiny-xl-model.ts';

export interface NamedGraph extends RecordedModel {
  readonly name: string;
}

/** As they are for a provider; `folder` must be empty. */
export async function everyGraph(folder: string, provider: Provider): Promise<readonly NamedGraph[]> {
  const [base, xl] = [join(folder, 'model'), join(folder, 'xl')];
  await writeTinyModel(base);
  await writeTinyXlModel(xl);
  return [
    ...(await graphsOf(base, provider)),
    ...(await float16Graphs(provider)),
    ...(await xlGraphs(xl, provider)).map((graph) => ({
      ...graph,
      name: `Stable Diffusion XL, ${graph.name}`,
    })),
  ];
}

async function graphsOf(base: string, provider: Provider): Promise<readonly NamedGraph[]> {
  return withModels(base, async (model, taught) => [
    ...Object.entries(lossesOf(model, taught)).flatMap(([name, loss]) =>
      trainingGraphs(name, loss, provider),
    ),
    ...(await inferenceGraphs(model)),
    ...(await bandGraphs(model)),
  ]);
}

/** What Stable Diffusion XL has besides: whole texts, and facts about pictures. */
async function xlGraphs(base: string, provider: Provider): Promise<readonly NamedGraph[]> {
  return withModels(base, async (model, taught) => [
    ...Object.entries(lossesOf(model, taught))
      .filter(([name]) => name.endsWith(' text encoder'))
      .map(([name, loss]) => named(`${name}, training`, buildArtifacts(loss(), { provider }).trainingModel)),
    ...(await inferenceGraphs(model)).filter(({ name }) =>
      ['reading prompts', 'a sampling step'].includes(name),
    ),
  ]);
}

/** With a model, and with the same model that is taught a word. */
async function withModels(
  base: string,
  graphs: (model: OpenModel, taught: OpenModel) => Promise<readonly NamedGraph[]>,
): Promise<readonly NamedGraph[]> {
  const model = await openModel({ base });
  const taught = await openModel({ base, taught: { word: '<word>', vectors: 2 } });
  try {
    return await graphs(model, taught);
  } finally {
    await taught.close();
    await model.close();
  }
}

/** What each way of training minimizes. */
function lossesOf(
  { denoiser, conditioning, autoencoder, adapters }: OpenModel,
  taught: Pick<OpenModel, 'conditioning'>,
): Readonly<Record<string, () => LossGraph>> {
  const latents = { rows: 2, size: { height: 8, width: 8 } };
  const lora = { rank: 2, scale: 1, takes: adapters.takes };
  const diffusion = (
    trained: 'full' | 'new-words' | typeof lora,
    encodes: boolean,
    predictionType: 'epsilon' | 'v_prediction',
  ) =>
    buildDiffusionGraph({
      denoiser,
      conditioning: trained === 'new-words' ? taught.conditioning : conditioning,
      noise: { predictionType },
      encodes,
      trained,
      shape: latents,
    });
  const pictures = { rows: 2, size: { height: 32, width: 32 } };
  return {
    'all of the UNet': () => diffusion('full', false, 'epsilon'),
    'all of UNet and text encoder': () => diffusion('full', true, 'v_prediction'),
    'LoRA on the UNet': () => diffusion(lora, false, 'epsilon'),
    'LoRA on UNet and text encoder': () => diffusion(lora, true, 'v_prediction'),
    'a new word, through UNet and text encoder': () => diffusion('new-words', true, 'epsilon'),
    'the text encoder by itself': () => buildTextGraph(conditioning, 2),
    'the autoencoder': () => buildAutoencoderGraph(autoencoder, { shape: pictures, kl: 1e-6 }),
    'the decoder': () =>
      buildAutoencoderGraph(autoencoder, { shape: pictures, part: 'decoder', edgeWeight: 2 }),
  };
}

function trainingGraphs(name: string, loss: () => LossGraph, provider: Provider): NamedGraph[] {
  const { trainingModel, evalModel, trainable } = buildArtifacts(loss(), { provider });
  const half = buildArtifacts(loss(), { provider, precision: 'float16' });
  const scaled = {
    optimizer: createOptimizer(usualSettings('adamw')),
    maxGradientNorm: 1,
    ema: true,
    scalesLoss: true,
  };
  const updates = optimizerKinds.map((kind): NamedGraph => {
    const optimizer = createOptimizer(usualSettings(kind));
    const graph = buildUpdate(trainable, { optimizer, maxGradientNorm: 1, ema: true });
    return named(`${name}, ${kind}`, graph);
  });
  return [
    named(`${name}, training`, trainingModel),
    named(`${name}, evaluation`, evalModel),
    named(`${name}, training in float16`, half.trainingModel),
    named(`${name}, evaluation in float16`, half.evalModel),
    named(`${name}, norm`, buildGradientNorm(trainable)),
    named(`${name}, update by scaled gradients`, buildUpdate(trainable, scaled)),
    named(`${name}, accumulation`, buildAccumulation(trainable)),
    ...updates,
  ];
}

async function inferenceGraphs(model: OpenModel): Promise<NamedGraph[]> {
  const { runtime, models } = recordingRuntime();
  const pipeline = createTextToImage(runtime, model);
  const settings = { sampler: 'ddim', steps: 1, guidanceScale: 2, width: 32, height: 32 } as const;
  await pipeline.generate([{ prompt: 'a red square', negativePrompt: '', seed: 1 }], settings);
  const { component, pictureChannels, encode } = model.autoencoder;
  await openInference(runtime, model.readWeight, (builders, graph) => ({
    ...encode(builders(component), graph.input('pictures', 'float32', [1, pictureChannels, 32, 32])),
  }));
  const names = ['reading prompts', 'a sampling step', 'latents to a picture', 'a picture to latents'];
  if (models.length !== names.length) throw new Error(`${models.length} graphs were made for sampling.`);
  return names.map((name, i) => ({ name, ...models[i]! }));
}

/** A picture that is made and read in bands, in both precisions. */
async function bandGraphs({ autoencoder, readWeight }: OpenModel): Promise<NamedGraph[]> {
  const { runtime, models } = recordingRuntime();
  const [pixels, latents] = [
    { height: 32, width: 32 },
    { height: 32 / autoencoder.factor, width: 16 },
  ];
  for (const precision of ['float32', 'float16'] as const) {
    const options = { runtime, readWeight, precision, sizes: { whole: 4096, band: 4096 } };
    await openDecoder(autoencoder, latents, options);
    await openEncoder(autoencoder, pixels, options);
  }
  if (models.length < 40) throw new Error(`Only ${models.length} graphs were made for bands.`);
  return models.map((graph, i) => ({ ...graph, name: `bands of a picture, ${i + 1}` }));
}

/** Models in float16, forward and backward, with float16 weights of which all have gradients. */
async function float16Graphs(provider: Provider): Promise<NamedGraph[]> {
  const graphs: NamedGraph[] = [];
  for (const name of ['unet-sd1', 'clip-sd1', 'vae-3-levels'] as const) {
    const { model, gradientOf } = await squaredModel(name, 'float16', provider);
    const ends = Object.entries(gradientOf).map(([key, value]) => [`gradient/${key}`, value] as const);
    const made = Object.entries(model.outputs).map(([key, value]) => [`output/${key}`, value] as const);
    const outputs = Object.fromEntries([...made, ...ends]);
    graphs.push(named(`${name} in float16`, serializeModel(model.graph, outputs).model));
  }
  return graphs;
}

function named(name: string, model: Uint8Array<ArrayBuffer>): NamedGraph {
  return { name, model, initializers: {} };
}
