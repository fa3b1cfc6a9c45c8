/** What models of every kind have in common that are written as one file in the original code's names. */
import { isDeepStrictEqual } from 'node:util';

import { Failure } from '../../../failure.ts';
import type { SchedulerConfig } from '../../../noise/scheduler-config.ts';
import type { ClipTokenizerFiles } from '../../../tokenizer/clip-tokenizer-files.ts';
import type { WeightToWrite } from '../../../weights/model-folder.ts';
import type { TensorToWrite } from '../../../weights/safetensors.ts';
import type { TensorFile } from '../../../weights/tensor-file.ts';
import type { Component } from '../../family.ts';
import { openClipName } from './ldm-names.ts';

/** @throws Failure `weights-missing` */
export function weightsOf(
  path: string,
  component: Component,
  rename: (name: string) => string,
): WeightToWrite[] {
  if (component.hasWeights)
    return component.weights().map((weight) => ({ ...weight, name: rename(weight.name) }));
  throw new Failure(
    'weights-missing',
    `${path} cannot be written: the model's ${component.name} has a config and no weights.`,
    'Train it first, and export a checkpoint.',
  );
}

/** The original code projects by 1x1 convolutions where diffusers has matrices. */
export function convolved(weight: WeightToWrite): WeightToWrite {
  const projects = /\.attn_1\.(?:q|k|v|proj_out)\.weight$/.test(weight.name);
  return projects ? { ...weight, shape: [...weight.shape, 1, 1] } : weight;
}

/** Queries, keys and values in one, as OpenCLIP has them. */
export function fused(prefix: string, weights: readonly WeightToWrite[]): WeightToWrite[] {
  const parts = new Map<string, WeightToWrite[]>();
  for (const weight of weights) {
    const { name, third } = openClipName(weight.name);
    const known = parts.get(name) ?? [];
    known[third ?? 0] = weight;
    parts.set(name, known);
  }
  return [...parts].map(([name, own]): WeightToWrite => {
    const key = prefix + name;
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

/** Of a model that whoever reads the file would take for another. */
export function unfit(path: string, why: string): Failure {
  return new Failure(
    'single-file-unfit',
    `${path} cannot be written: ${why}.`,
    'Export it as a model folder (diffusers).',
  );
}

/** The sizes it was made for are left out: they do not change what a model computes. */
export function differences(own: object, read: object): readonly string[] {
  return Object.entries(own).flatMap(([part, fields]) =>
    Object.entries(fields as object)
      .filter(([field]) => field !== 'sampleSize')
      .filter(
        ([field, value]) => !isDeepStrictEqual(value, Reflect.get(Reflect.get(read, part) as object, field)),
      )
      .map(([field]) => `${part}: ${field}`),
  );
}

const idsOf = (added: ClipTokenizerFiles['added']): ReadonlyMap<string, number> =>
  new Map(added.map(({ content, id }) => [content, id]));

/** What a model was trained on. How samplers spread their steps is theirs to say. */
export function sameNoise(own: SchedulerConfig, read: SchedulerConfig): boolean {
  const fields = (config: SchedulerConfig): unknown[] => [
    config.trainTimesteps,
    ...[config.betaSchedule, config.betaStart, config.betaEnd, config.trainedBetas],
    ...[config.zeroTerminalSnr, config.predictionType],
  ];
  return isDeepStrictEqual(fields(own), fields(read));
}

export function sameTokens(own: ClipTokenizerFiles, read: ClipTokenizerFiles): boolean {
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
export function unwritten(
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
