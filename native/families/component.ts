import { Failure } from '../failure.ts';
import { float32ToFloat16 } from '../graph/half.ts';
import { halfWeight, type ReadWeight } from '../models/weight-tensor.ts';
import { type ModelComponent, writeComponent } from '../weights/model-folder.ts';
import type { WeightSource } from '../weights/weight-source.ts';
import type { Component } from './family.ts';
import type { Adaptation } from './lora-weights.ts';

type Weight = Parameters<ReadWeight>[0];

/** A component as its folder has it, LoRAs laid over its weights. */
export function openedComponent(folder: ModelComponent, lora: Adaptation | undefined): Component {
  const { weights, name, kind } = folder;
  const found = (key: string, shape: readonly number[]): WeightSource => {
    if (!weights) {
      throw new Failure(
        'weights-missing',
        `${folder.path} has a config and no weights.`,
        'Train it from scratch, or copy the whole model.',
      );
    }
    const own = weights.shape(key);
    if (own.join() !== shape.join()) {
      throw new Failure(
        'weights-shape',
        `${folder.path}: ${key} has the shape [${own.join(', ')}], its config asks for [${shape.join(', ')}].`,
        'Check that config.json and weights belong together.',
      );
    }
    return weights;
  };
  const single = async ({ key, shape }: Weight) => {
    const weight = await found(key, shape).read(key);
    await lora?.apply(weight, key, shape);
    return weight;
  };
  const half = async (weight: Weight) =>
    lora?.touches(weight.key)
      ? float32ToFloat16(await single(weight))
      : found(weight.key, weight.shape).readHalf(weight.key);
  const readWeight: ReadWeight = Object.assign(single, { half });
  return {
    name,
    configFile: folder.config,
    hasWeights: weights !== null,
    weights: () =>
      (weights?.names ?? []).map((key) => {
        const shape = weights!.shape(key);
        return { name: key, shape, data: () => readWeight({ component: name, key, shape }) };
      }),
    readWeight,
    weightType: (key) => {
      // What is missing is told by whoever reads it.
      const exact = weights?.names.includes(key) && weights.dtype(key) === 'F16';
      return exact && !lora?.touches(key) ? 'float16' : 'float32';
    },
    hash: async () => {
      const own = await folder.hash();
      return lora ? `${own}+${await lora.hash()}` : own;
    },
    write: (target, precision, written, changes = {}) =>
      writeComponent(target, kind, { ...folder.config, ...changes }, written, precision),
  };
}

/** All of a component as it is written into a folder. @throws Failure `weights-missing` @param base path of its model */
export function componentToWrite(base: string, { name, hasWeights, configFile, weights }: Component) {
  if (hasWeights) return { config: configFile, weights: weights() };
  throw new Failure(
    'weights-missing',
    `The ${name} of ${base} has a config and no weights.`,
    'Train it first, and export a checkpoint.',
  );
}

/** Weights of whichever component they belong to. */
export function readWeightOf(component: (name: string) => Component): ReadWeight {
  return Object.assign((weight: Weight) => component(weight.component).readWeight(weight), {
    half: (weight: Weight) => halfWeight(component(weight.component).readWeight, weight),
  });
}
