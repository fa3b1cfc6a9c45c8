import { isDeepStrictEqual } from 'node:util';

import { Failure } from '../../../failure.ts';
import type { SchedulerConfig } from '../../../noise/scheduler-config.ts';
import type { ClipTokenizerFiles } from '../../../tokenizer/clip-tokenizer-files.ts';
import type { TokenizerSource } from '../../../tokenizer/tokenizer-source.ts';
import type { WeightPrecision, WeightToWrite } from '../../../weights/model-folder.ts';
import { type TensorToWrite, writeSafetensors } from '../../../weights/safetensors.ts';
import type { TensorFile } from '../../../weights/tensor-file.ts';
import type { Component, SingleFileModel } from '../../family.ts';
import { readConfigs, readScheduler, type StableDiffusionConfigs } from '../configs.ts';
import { ldmUNetName, ldmVaeName, openClipName } from './ldm-names.ts';
import { clipPrefix, type Generation, openClipPrefix, unetPrefix, vaePrefix } from './made-out.ts';
import { velocityMark, zeroSnrMark } from './prediction.ts';
import { stableDiffusionFile } from './single-file.ts';

export interface ModelToWrite {
  readonly configs: StableDiffusionConfigs;
  readonly component: (name: string) => Component;
  readonly tokenizer: TokenizerSource;
  readonly scheduler: SchedulerConfig;
  readonly precision: WeightPrecision;
  /** Goes over what is said of the model's kind. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Writes a whole model as one safetensors file in the original code's names, as A1111, ComfyUI and diffusers'
 * `from_single_file` read it.
 *
 * @throws Failure `weights-missing`, `write-failed`; `single-file-unfit` where whoever reads the file would take it for another
 * model, since a file holds neither configs nor a vocabulary
 */
export async function writeSingleFile(path: string, model: ModelToWrite): Promise<void> {
  const { configs, component, precision } = model;
  // Its text encoder tells: OpenCLIP's is the second generation's.
  const generation: Generation = configs.text.activation === 'gelu' ? 2 : 1;
  const levels = configs.vae.blockOutChannels.length;
  const dtype = precision === 'float16' ? 'F16' : 'F32';
  const encoder = component('text_encoder');
  const written = [
    ...weightsOf(path, component('unet'), (name) => unetPrefix + ldmUNetName(name, configs.unet)),
    ...weightsOf(path, component('vae'), (name) => vaePrefix + ldmVaeName(name, levels)).map(convolved),
    ...(generation === 1
      ? weightsOf(path, encoder, (name) => clipPrefix + name)
      : fused(weightsOf(path, encoder, (name) => name))),
  ];
  const tensors = [
    ...written.map((weight): TensorToWrite => ({ ...weight, dtype })),
    ...marksOf(generation, model.scheduler),
  ];
  const metadata = { ...kindOf(generation, predictsVelocity(model.scheduler)), ...model.metadata };
  await checkReadBack(path, model, tensors, metadata);
  await writeSafetensors(path, tensors, metadata);
}

function weightsOf(path: string, component: Component, rename: (name: string) => string): WeightToWrite[] {
  if (component.hasWeights)
    return component.weights().map((weight) => ({ ...weight, name: rename(weight.name) }));
  throw new Failure(
    'weights-missing',
    `${path} cannot be written: the model's ${component.name} has a config and no weights.`,
    'Train it first, and export a checkpoint.',
  );
}

/** The original code projects by 1x1 convolutions where diffusers has matrices. */
function convolved(weight: WeightToWrite): WeightToWrite {
  const projects = /\.attn_1\.(?:q|k|v|proj_out)\.weight$/.test(weight.name);
  return projects ? { ...weight, shape: [...weight.shape, 1, 1] } : weight;
}

/** Queries, keys and values in one, as OpenCLIP has them. */
function fused(weights: readonly WeightToWrite[]): WeightToWrite[] {
  const parts = new Map<string, WeightToWrite[]>();
  for (const weight of weights) {
    const { name, third } = openClipName(weight.name);
    const known = parts.get(name) ?? [];
    known[third ?? 0] = weight;
    parts.set(name, known);
  }
  return [...parts].map(([name, own]): WeightToWrite => {
    const key = openClipPrefix + name;
    const [first] = own as [WeightToWrite];
    if (own.length === 1) return { ...first, name: key };
    const [rows, ...rest] = first.shape as [number, ...number[]];
    return { name: key, shape: [rows * own.length, ...rest], data: () => joined(own) };
  });
}

async function joined(weights: readonly WeightToWrite[]): Promise<Float32Array<ArrayBuffer>> {
  const parts: Float32Array[] = [];
  for (const { data } of weights) parts.push(typeof data === 'function' ? await data() : data);
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const predictsVelocity = ({ predictionType }: SchedulerConfig): boolean => predictionType === 'v_prediction';

/** Of the second generation velocity is what tools expect. */
function marksOf(generation: Generation, scheduler: SchedulerConfig): TensorToWrite[] {
  const marks = [
    ...(generation === 1 && predictsVelocity(scheduler) ? [velocityMark] : []),
    ...(scheduler.zeroTerminalSnr ? [zeroSnrMark] : []),
  ];
  return marks.map((name) => ({ name, dtype: 'F32', shape: [0], data: new Float32Array(0) }));
}

/** What other tools read of a file's kind, in the terms of https://github.com/Stability-AI/ModelSpec. */
function kindOf(generation: Generation, velocity: boolean): Readonly<Record<string, string>> {
  const second = velocity ? 'stable-diffusion-v2-768-v' : 'stable-diffusion-v2-512';
  return {
    format: 'pt',
    'modelspec.architecture': generation === 1 ? 'stable-diffusion-v1' : second,
    'modelspec.implementation': 'https://github.com/CompVis/stable-diffusion',
    'modelspec.prediction_type': velocity ? 'v' : 'epsilon',
    'modelspec.sai_model_spec': '1.0.1',
  };
}

/** What a reader makes out of names and shapes has to be this model: number of heads, norms and vocabulary are in no file. */
async function checkReadBack(
  path: string,
  { configs, tokenizer, scheduler }: ModelToWrite,
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const read = stableDiffusionFile({ file: unwritten(path, tensors, metadata), vae: null, config: null });
  const differs = differences(configs, read === null ? null : configsOf(path, read));
  if (differs.length > 0)
    throw unfit(path, `other tools would take it for another model (${differs.join(', ')})`);
  if (
    read !== null &&
    !sameNoise(scheduler, readScheduler({ scheduler: read.scheduler, schedulerSource: path }))
  )
    throw unfit(path, 'the model has a noise schedule of its own, which a single file does not hold');
  if (read !== null && !sameTokens(await tokenizer.read(), await read.tokenizer('tokenizer').read()))
    throw unfit(path, 'the model has a vocabulary of its own, which a single file does not hold');
}

/** Null where they are of a kind that cannot be. */
function configsOf(path: string, { components }: SingleFileModel): StableDiffusionConfigs | null {
  try {
    return readConfigs((name) => ({ source: path, config: components.get(name)!.config }));
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}

function unfit(path: string, why: string): Failure {
  return new Failure(
    'single-file-unfit',
    `${path} cannot be written: ${why}.`,
    'Export it as a diffusers folder.',
  );
}

/** The sizes it was made for are left out: they do not change what a model computes. */
function differences(own: StableDiffusionConfigs, read: StableDiffusionConfigs | null): readonly string[] {
  if (read === null) return ['its sizes'];
  return (['unet', 'vae', 'text'] as const).flatMap((part) =>
    Object.entries(own[part])
      .filter(([field]) => field !== 'sampleSize')
      .filter(([field, value]) => !isDeepStrictEqual(value, Reflect.get(read[part], field)))
      .map(([field]) => `${part}: ${field}`),
  );
}

const idsOf = (added: ClipTokenizerFiles['added']): ReadonlyMap<string, number> =>
  new Map(added.map(({ content, id }) => [content, id]));

/** What a model was trained on. How samplers spread their steps is theirs to say. */
function sameNoise(own: SchedulerConfig, read: SchedulerConfig): boolean {
  const fields = (config: SchedulerConfig): unknown[] => [
    config.trainTimesteps,
    ...[config.betaSchedule, config.betaStart, config.betaEnd, config.trainedBetas],
    ...[config.zeroTerminalSnr, config.predictionType],
  ];
  return isDeepStrictEqual(fields(own), fields(read));
}

function sameTokens(own: ClipTokenizerFiles, read: ClipTokenizerFiles): boolean {
  return (
    own.maxLength === read.maxLength &&
    isDeepStrictEqual(
      [own.bos, own.eos, own.unknown, own.pad],
      [read.bos, read.eos, read.unknown, read.pad],
    ) &&
    isDeepStrictEqual(idsOf(own.added), idsOf(read.added)) &&
    isDeepStrictEqual(own.vocabulary, read.vocabulary) &&
    isDeepStrictEqual(own.merges, read.merges)
  );
}

/** The file as its reader will see it, before there is one. */
function unwritten(
  path: string,
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>>,
): TensorFile {
  const unread = (): never => {
    throw new Error(`${path} is not written yet.`);
  };
  return {
    path,
    tensors: new Map(tensors.map(({ name, dtype, shape }) => [name, { dtype, shape }])),
    metadata: new Map(Object.entries(metadata)),
    ...{ read: unread, readAs: unread, readInto: unread },
    close: () => Promise.resolve(),
  };
}
