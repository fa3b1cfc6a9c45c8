import type { SettingsOf } from '../../facts/optimizers.ts';
import { adamwScalarsAt } from '../adamw-scalars.ts';
import { bitRows } from '../dynamic-map.ts';
import { blockSize, codeZero, magnitudes, maps } from '../eight-bits.ts';
import { type Kernel, type KernelKind, plainKind } from './kernel.ts';
import { cacheLine } from './layout.ts';

type AdamWSettings = Omit<SettingsOf<'adamw'>, 'kind'>;

/** `adamw.wat` */
export function adamwKernel(settings: AdamWSettings): Kernel {
  return {
    name: 'adamw',
    alignment: cacheLine,
    kinds: [plainKind('firstMoment'), plainKind('secondMoment')],
    tables: [],
    scalarsAt: (step, learningRate) => scalarsAt(settings, step, learningRate),
  };
}

/** `adamw-8-bit.wat` */
export function adamw8bitKernel(settings: AdamWSettings): Kernel {
  const codes: Omit<KernelKind, 'kind'> = { type: 'uint8', weights: 1 };
  const scales: Omit<KernelKind, 'kind'> = { type: 'float32', weights: blockSize };
  return {
    name: 'adamw8bit',
    alignment: blockSize * Float32Array.BYTES_PER_ELEMENT,
    kinds: [
      { kind: 'firstMoment', ...codes, zero: codeZero },
      { kind: 'secondMoment', ...codes },
      { kind: 'firstScale', ...scales },
      { kind: 'secondScale', ...scales },
    ],
    tables: [maps.signed, maps.unsigned, bitRows(magnitudes.signed), bitRows(magnitudes.unsigned)],
    // A block's moments.
    scratch: 2 * blockSize * Float32Array.BYTES_PER_ELEMENT,
    scalarsAt: (step, learningRate) => scalarsAt(settings, step, learningRate),
  };
}

function scalarsAt(settings: AdamWSettings, step: number, learningRate: number): readonly number[] {
  const scalars = adamwScalarsAt(settings, step, learningRate);
  const { decay, 'learning-rate': rate, 'denominator-epsilon': epsilon } = scalars;
  return [settings.beta1, settings.beta2, rate, decay, epsilon];
}
