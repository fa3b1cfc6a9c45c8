import { elementCount } from '../graph/data-type.ts';
import type { Parameter } from '../models/parameter.ts';

type Weights = Float32Array<ArrayBuffer>;

/**
 * The shape of a convolution's weight [o, c, kh, kw] with a matrix for each tap of the kernel, [kh·kw, o, c]. So it lies on
 * the device where convolutions are built of matrix products: turning it in every step, and its gradient back, took 0.03 of
 * the step.
 */
export function tapsFirstShape([o, c, kh, kw]: readonly number[]): readonly number[] {
  return [kh! * kw!, o!, c!];
}

type Laid = Pick<Parameter, 'shape' | 'layout'>;

/** A parameter's name and shape as graphs take it. */
export function onDevice({ name, shape, layout }: Parameter): {
  readonly name: string;
  readonly shape: readonly number[];
} {
  return { name, shape: layout === 'taps-first' ? tapsFirstShape(shape) : shape };
}

/** A parameter's values as graphs take them. */
export function toDevice({ shape, layout }: Laid, values: Weights): Weights {
  if (layout === 'state-dict') return values;
  const [channels, taps] = extents(shape);
  return transposed(values, channels, taps);
}

/** What `toDevice` was given. */
export function fromDevice({ shape, layout }: Laid, values: Weights): Weights {
  if (layout === 'state-dict') return values;
  const [channels, taps] = extents(shape);
  return transposed(values, taps, channels);
}

function transposed(values: Weights, rows: number, columns: number): Weights {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      result[column * rows + row] = values[row * columns + column]!;
  return result;
}

function extents(shape: readonly number[]): readonly [channels: number, taps: number] {
  const channels = shape[0]! * shape[1]!;
  return [channels, elementCount(shape) / channels];
}
