import type { SettingsOf } from '../../facts/optimizers.ts';
import type { DeviceTensor } from '../optimizer.ts';
import { type Kernel, type KernelKind } from './kernel.ts';
import { cacheLine } from './layout.ts';

/** A tensor as [matrices, rows, columns, kernels], the extents that `adafactor.wat` speaks of. */
export type AdafactorView = readonly [matrices: number, rows: number, columns: number, kernels: number];

/**
 * `adafactor.wat`, for these parameters.
 * @param lengthOf numbers of a kind that are kept of a parameter
 * @param ratesAt the graph's scalars at a step
 */
export function adafactorKernel(
  settings: SettingsOf<'adafactor'>,
  trainable: readonly DeviceTensor[],
  lengthOf: (kind: string, spec: DeviceTensor) => number,
  viewOf: (spec: DeviceTensor) => AdafactorView,
  ratesAt: (step: number, learningRate: number) => Readonly<Record<'step-size' | 'kept' | 'taken', number>>,
): Kernel {
  const { beta1, weightDecay, epsilon, parameterEpsilon, clipThreshold, scaleParameter } = settings;
  const kind = (name: string): KernelKind => ({
    ...{ kind: name, type: 'float32', weights: 1 },
    lengthOf: (spec) => lengthOf(name, spec),
  });
  const factorsOf = (spec: DeviceTensor): number => {
    const [matrices, rows, columns, kernels] = viewOf(spec);
    return matrices * (rows + columns) * kernels;
  };
  return {
    name: 'adafactor',
    alignment: cacheLine,
    kinds: ['rows', 'columns', 'secondMoment', 'firstMoment'].map(kind),
    entryOf: (spec) => {
      const view = viewOf(spec);
      const [, , columns, kernels] = view;
      const [runs, numbers] = kernels === 1 ? [1, columns] : [columns, kernels];
      return [...view, runs, numbers * Float32Array.BYTES_PER_ELEMENT];
    },
    tables: [],
    scratch:
      trainable.reduce((most, spec) => Math.max(most, factorsOf(spec)), 0) * Float32Array.BYTES_PER_ELEMENT,
    scalarsAt: (step, learningRate) => {
      const { 'step-size': size, kept, taken } = ratesAt(step, learningRate);
      const least = scaleParameter ? parameterEpsilon : -1;
      return [size, kept, taken, epsilon, least, 1 / clipThreshold, beta1, 1 - beta1, weightDecay];
    },
  };
}
