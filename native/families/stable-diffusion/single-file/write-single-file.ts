import { Failure } from '../../../failure.ts';
import type { WeightPrecision, WeightToWrite } from '../../../weights/model-folder.ts';
import { type TensorToWrite, writeSafetensors } from '../../../weights/safetensors.ts';
import type { Component } from '../../family.ts';
import { ldmUNetName, ldmVaeName, openClipName, type UNetPlan } from './ldm-names.ts';
import { clipPrefix, type Generation, openClipPrefix, unetPrefix, vaePrefix } from './made-out.ts';

export interface ModelToWrite {
  readonly generation: Generation;
  readonly unet: Component;
  readonly vae: Component;
  readonly textEncoder: Component;
  readonly plan: UNetPlan;
  /** Of the VAE. */
  readonly levels: number;
  readonly predictsVelocity: boolean;
  readonly precision: WeightPrecision;
  /** Goes over what is said of the model's kind. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Writes a whole model as one safetensors file in the original code's names, as A1111, ComfyUI and diffusers'
 * `from_single_file` read it.
 *
 * @throws Failure `weights-missing`, `write-failed`
 */
export async function writeSingleFile(path: string, model: ModelToWrite): Promise<void> {
  const dtype = model.precision === 'float16' ? 'F16' : 'F32';
  const written = [
    ...weightsOf(path, model.unet, (name) => unetPrefix + ldmUNetName(name, model.plan)),
    ...weightsOf(path, model.vae, (name) => vaePrefix + ldmVaeName(name, model.levels)).map(convolved),
    ...(model.generation === 1
      ? weightsOf(path, model.textEncoder, (name) => clipPrefix + name)
      : fused(weightsOf(path, model.textEncoder, (name) => name))),
  ];
  const tensors = written.map((weight): TensorToWrite => ({ ...weight, dtype }));
  await writeSafetensors(path, tensors, { ...kindOf(model), ...model.metadata });
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

/** What other tools read of a file's kind, in the terms of https://github.com/Stability-AI/ModelSpec. */
function kindOf({ generation, predictsVelocity }: ModelToWrite): Readonly<Record<string, string>> {
  const second = predictsVelocity ? 'stable-diffusion-v2-768-v' : 'stable-diffusion-v2-512';
  return {
    format: 'pt',
    'modelspec.architecture': generation === 1 ? 'stable-diffusion-v1' : second,
    'modelspec.implementation': 'https://github.com/CompVis/stable-diffusion',
    'modelspec.prediction_type': predictsVelocity ? 'v' : 'epsilon',
    'modelspec.sai_model_spec': '1.0.1',
  };
}
