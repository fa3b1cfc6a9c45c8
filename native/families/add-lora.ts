import { elementCount } from '../graph/data-type.ts';
import type { LoraMatrices, PlacedLora } from '../weights/lora-reader.ts';

export interface LoraToAdd extends Pick<PlacedLora, 'rank' | 'alpha' | 'magnitudeAxis'>, LoraMatrices {
  readonly strength: number;
}

/** A weight before anything was laid over it, and its shape [out, in, ...kernel]. */
export interface BareWeight {
  readonly original: Float32Array;
  readonly shape: readonly number[];
}

/** Below it a length is none: as PyTorch's float32 epsilon, which LyCORIS adds. */
const smallest = 2 ** -23;

/**
 * W += strength · alpha / rank · up · down, in double precision (Hu et al. 2021; convolutions as LyCORIS has them). A DoRA (Liu et
 * al. 2024) then brings each row or column to its length, which is measured on the weight with this LoRA alone, as PEFT does.
 */
export function addLora(weight: Float32Array, { original, shape }: BareWeight, lora: LoraToAdd): void {
  const { rank, alpha, up, magnitude, magnitudeAxis, strength } = lora;
  const rows = shape[0]!;
  const columns = elementCount(shape) / rows;
  const down = wholeDown(lora, columns);
  const scale = (strength * alpha) / rank;
  const change = new Float64Array(columns);
  const changeOf = (i: number): Float64Array => {
    change.fill(0);
    for (let r = 0; r < rank; r++) {
      const factor = up[i * rank + r]! * scale;
      const from = r * columns;
      for (let j = 0; j < columns; j++) change[j] = change[j]! + factor * down[from + j]!;
    }
    return change;
  };
  const kernel = elementCount(shape.slice(2));
  const lengths = magnitudeAxis === 1 ? columnLengths(original, rows, shape[1]!, kernel, changeOf) : null;
  for (let i = 0; i < rows; i++) {
    changeOf(i);
    const from = i * columns;
    const rowFactor =
      magnitudeAxis === 0 ? magnitude![i]! / Math.max(rowLength(original, from, change), smallest) : 1;
    for (let j = 0; j < columns; j++) weight[from + j] = rowFactor * (weight[from + j]! + change[j]!);
    if (lengths === null) continue;
    for (let j = 0; j < columns; j++) {
      const input = Math.floor(j / kernel);
      weight[from + j] = (weight[from + j]! * magnitude![input]!) / Math.max(lengths[input]!, smallest);
    }
  }
}

/** [rank, in · kernel], Tucker's core multiplied out: down'[r, i, k] = Σ mid[r, q, k] · down[q, i]. */
function wholeDown({ rank, down, mid }: LoraToAdd, columns: number): Float32Array | Float64Array {
  if (mid === null) return down;
  const inputs = down.length / rank;
  const kernel = columns / inputs;
  const whole = new Float64Array(rank * columns);
  for (let r = 0; r < rank; r++) {
    for (let q = 0; q < rank; q++) {
      for (let i = 0; i < inputs; i++) {
        const factor = down[q * inputs + i]!;
        const to = r * columns + i * kernel;
        for (let k = 0; k < kernel; k++)
          whole[to + k] = whole[to + k]! + factor * mid[(r * rank + q) * kernel + k]!;
      }
    }
  }
  return whole;
}

function rowLength(original: Float32Array, from: number, change: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < change.length; j++) sum += (original[from + j]! + change[j]!) ** 2;
  return Math.sqrt(sum);
}

function columnLengths(
  original: Float32Array,
  rows: number,
  inputs: number,
  kernel: number,
  changeOf: (row: number) => Float64Array,
): Float64Array {
  const sums = new Float64Array(inputs);
  for (let i = 0; i < rows; i++) {
    const change = changeOf(i);
    for (let j = 0; j < change.length; j++) {
      const input = Math.floor(j / kernel);
      sums[input] = sums[input]! + (original[i * change.length + j]! + change[j]!) ** 2;
    }
  }
  return sums.map(Math.sqrt);
}
