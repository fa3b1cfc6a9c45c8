import { tapsFirstShape, toTapsFirst } from '../kernels/taps-first.ts';
import type { Parameter } from './parameter.ts';

type Weights = Float32Array<ArrayBuffer>;
type Laid = Pick<Parameter, 'shape' | 'layout'>;

/** The shape in which graphs take a parameter. */
export function deviceShape({ shape, layout }: Laid): readonly number[] {
  return layout === 'taps-first' ? tapsFirstShape(shape) : shape;
}

/** A parameter's values as graphs take them. */
export function toDevice({ shape, layout }: Laid, values: Weights): Weights {
  return layout === 'taps-first' ? toTapsFirst(shape, values) : values;
}
