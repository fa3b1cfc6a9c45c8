import { createTurner, type LaidNumbers, tapsFirstShape, toTapsFirst } from '../kernels/taps-first.ts';
import type { Parameter } from './parameter.ts';

type Laid = Pick<Parameter, 'shape' | 'layout'>;

/** The shape in which graphs take a parameter. */
export function deviceShape({ shape, layout }: Laid): readonly number[] {
  return layout === 'taps-first' ? tapsFirstShape(shape) : shape;
}

/** A parameter's values as graphs take them; what is given them may be changed. */
export type LayOut = <W extends LaidNumbers>(laid: Laid, values: W) => W;

/** Lays out one parameter after the other, in the arrays that they come in. */
export function layOutInPlace(): LayOut {
  const turn = createTurner();
  return ({ shape, layout }, values) => (layout === 'taps-first' ? turn(shape, values) : values);
}

/** A parameter's values as graphs take them. */
export function toDevice<W extends LaidNumbers>({ shape, layout }: Laid, values: W): W {
  return layout === 'taps-first' ? toTapsFirst(shape, values) : values;
}
