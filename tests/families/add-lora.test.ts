import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { addLora, type LoraToAdd } from '../../native/families/add-lora.ts';
import { maxDifference } from '../graph/evaluate.ts';

interface Tensor {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

type Case = Readonly<Record<string, Tensor>>;

/** By LyCORIS' own code, with versions: tests/reference/lora_pictures.py. */
const { cases } = JSON.parse(
  readFileSync(new URL('../reference/fixtures/lora-merged.json', import.meta.url), 'utf8'),
) as { readonly cases: Readonly<Record<string, Case>> };

const numbers = (tensor: Tensor | undefined) =>
  tensor === undefined ? null : Float32Array.from(tensor.data);

function loraOf(own: Case): LoraToAdd {
  const scale = own.dora_scale?.shape;
  return {
    rank: own['lora_down.weight']!.shape[0]!,
    alpha: own.alpha!.data[0]!,
    strength: 1,
    magnitudeAxis: scale === undefined ? null : scale[0] === 1 ? 1 : 0,
    down: numbers(own['lora_down.weight'])!,
    up: numbers(own['lora_up.weight'])!,
    mid: numbers(own['lora_mid.weight']),
    magnitude: numbers(own.dora_scale),
  };
}

function merged(own: Case, changes: Partial<LoraToAdd> = {}): Float32Array {
  const weight = numbers(own.weight)!;
  addLora(weight, { original: weight.slice(), shape: own.weight!.shape }, { ...loraOf(own), ...changes });
  return weight;
}

describe('a weight with a LoRA added', () => {
  // Their sums are of float32, of some tens of products up to about ten.
  test.each(Object.entries(cases))('is LyCORIS’ within 1e-5: %s', (_, own) => {
    expect(maxDifference(merged(own), numbers(own.merged)!)).toBeLessThan(1e-5);
    expect(maxDifference(numbers(own.weight)!, numbers(own.merged)!)).toBeGreaterThan(0.1);
  });

  test('changes with the strength in proportion', () => {
    const own = cases.convolution!;
    const plain = numbers(own.weight)!;
    const [half, whole] = [merged(own, { strength: 0.5 }), merged(own)];
    expect(
      maxDifference(
        half.map((value, i) => 2 * (value - plain[i]!) + plain[i]!),
        whole,
      ),
    ).toBeLessThan(1e-5);
  });

  test('has the lengths that a DoRA gives, whatever its strength', () => {
    const own = cases['DoRA along outputs']!;
    const { magnitude } = loraOf(own);
    const weight = merged(own, { strength: 0.3 });
    const columns = weight.length / magnitude!.length;
    for (const [i, length] of magnitude!.entries())
      expect(Math.hypot(...weight.subarray(i * columns, (i + 1) * columns))).toBeCloseTo(length, 5);
  });
});
