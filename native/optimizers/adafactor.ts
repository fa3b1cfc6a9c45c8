import { optimizerFacts, type SettingsOf } from '../facts/optimizers.ts';
import { elementCount } from '../graph/data-type.ts';
import type { Value } from '../graph/graph.ts';
import { add, div, maximum, mul, reciprocal, sqrt, sub } from '../graph/ops/elementwise.ts';
import { reduceMean, reduceSumSquare } from '../graph/ops/reduce.ts';
import { reshape } from '../graph/ops/shape.ts';
import { tapsFirstShape } from '../kernels/taps-first.ts';
import { adafactorKernel, type AdafactorView } from './one-pass/adafactor-kernel.ts';
import { onePassOver } from './one-pass/one-pass.ts';
import { type DeviceTensor, type KeptForm, type Optimizer, plainForm, type StepValues } from './optimizer.ts';

/**
 * Adafactor (Shazeer & Stern 2018, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost"; transformers' order of
 * operations). Of a parameter with two axes or more the second moment is kept as its means along the last two. With
 * `relativeStep` the size of a step follows from its number, and the learning rate does nothing.
 */
export function adafactor(settings: SettingsOf<'adafactor'>): Optimizer {
  const { beta1, weightDecay, epsilon, parameterEpsilon, clipThreshold } = settings;
  const ratesAt = (step: number, learningRate: number) => {
    const taken = step ** -settings.decayRate;
    const least = settings.warmupInit ? 1e-6 * step : 1e-2;
    const size = settings.relativeStep ? Math.min(least, 1 / Math.sqrt(step)) : learningRate;
    return { 'step-size': size, kept: 1 - taken, taken };
  };
  return {
    kind: 'adafactor',
    state: optimizerFacts.adafactor.state,
    seesWholes: true,
    form: (kind, parameter) => formOf(kind, parameter, beta1 > 0),
    scalars: ['step-size', 'kept', 'taken'],
    scalarsAt: ratesAt,
    update: (step) => {
      const { before, scalar, shaped, parameter: spec } = step;
      const parameter = before('parameter');
      const size = settings.scaleParameter
        ? mul(maximum(rootMeanSquare(parameter), parameterEpsilon), scalar('step-size'))
        : scalar('step-size');
      const { direction, moments } = directionOf(step, epsilon);
      const clipped = div(direction, maximum(mul(rootMeanSquare(direction), 1 / clipThreshold), 1));
      const flatShape = [elementCount(spec.shape)];
      const sized = reshape(mul(clipped, size), flatShape);
      const firstMoment =
        beta1 > 0 ? add(mul(reshape(before('firstMoment'), flatShape), beta1), mul(sized, 1 - beta1)) : null;
      const kept = weightDecay > 0 ? mul(parameter, sub(1, mul(size, weightDecay))) : parameter;
      return {
        parameter: sub(shaped(kept), shaped(firstMoment ?? sized)),
        ...moments,
        ...(firstMoment && { firstMoment: shaped(firstMoment) }),
      };
    },
    onePass: (trainable, rule, parts) => {
      const lengthOf = (kind: string, spec: DeviceTensor): number => {
        const form = formOf(kind, spec, beta1 > 0);
        return form ? elementCount(form.shape) : 0;
      };
      const kernel = adafactorKernel(settings, trainable, lengthOf, extentsOf, ratesAt);
      return onePassOver(trainable, rule, parts, () => kernel);
    },
  };
}

/** What `viewOf` sees, with an extent before and one after rows and columns; a vector is one row. */
function extentsOf(parameter: DeviceTensor): AdafactorView {
  const full = parameter.kernel ?? parameter.shape;
  if (full.length < 2) return [1, 1, elementCount(full), 1];
  const { shape, row } = viewOf(parameter, full);
  const [a, b, c] = shape as [number, number, number];
  return row === 0 ? [1, a, b, c] : [a, b, c, 1];
}

function formOf(kind: string, parameter: DeviceTensor, hasFirstMoment: boolean): KeptForm | null {
  if (kind === 'firstMoment') return hasFirstMoment ? plainForm(parameter) : null;
  const { shape, kernel } = parameter;
  const full = kernel ?? shape;
  const isFactored = full.length >= 2;
  if (kind === 'secondMoment') return isFactored ? null : plainForm(parameter);
  if (!isFactored) return null;
  const meanAlong = full.length - (kind === 'rows' ? 1 : 2);
  const own = full.map((extent, axis) => (axis === meanAlong ? 1 : extent));
  return { type: 'float32', shape: kernel ? tapsFirstShape(own) : own, ...(kernel && { kernel: own }) };
}

/** The gradient divided by the root of its second moment, and what becomes of that. */
function directionOf(
  { gradient, before, scalar, parameter, shaped }: StepValues,
  epsilon: number,
): { readonly direction: Value; readonly moments: Readonly<Record<string, Value>> } {
  const full = parameter.kernel ?? parameter.shape;
  const mixed = (old: Value, square: Value): Value =>
    add(mul(old, scalar('kept')), mul(square, scalar('taken')));
  if (full.length < 2) {
    const secondMoment = mixed(before('secondMoment'), add(mul(gradient, gradient), epsilon));
    const direction = mul(gradient, reciprocal(sqrt(secondMoment)));
    return { direction, moments: { secondMoment: shaped(secondMoment) } };
  }
  const { shape, row, column } = viewOf(parameter, full);
  const viewed = reshape(gradient, shape);
  const square = add(mul(viewed, viewed), epsilon);
  const meanAlong = (kind: 'rows' | 'columns', axis: number): Value => {
    const mean = reduceMean(square, [axis], true);
    return mixed(reshape(before(kind), mean.shape), mean);
  };
  const [rows, columns] = [meanAlong('rows', column), meanAlong('columns', row)];
  const ofRows = reciprocal(sqrt(div(rows, reduceMean(rows, [row], true))));
  const direction = mul(mul(viewed, reciprocal(sqrt(columns))), ofRows);
  const kept = (kind: 'rows' | 'columns', value: Value): Value =>
    reshape(value, formOf(kind, parameter, false)!.shape);
  const moments = { rows: kept('rows', rows), columns: kept('columns', columns) };
  return { direction, moments };
}

/** A parameter seen with three axes, of which two are the last of its own shape, and in it none of extent 1 at the end. */
function viewOf(
  { kernel }: DeviceTensor,
  full: readonly number[],
): { readonly shape: readonly number[]; readonly row: number; readonly column: number } {
  const [rows, columns] = full.slice(-2) as [number, number];
  const others = elementCount(full.slice(0, -2));
  // With its taps first a kernel's own axes are; and one of a single pixel may be seen so, for there is nothing to turn.
  if (kernel || rows * columns === 1) return { shape: [rows, columns, others], row: 0, column: 1 };
  return { shape: [others, rows, columns], row: 1, column: 2 };
}

function rootMeanSquare(x: Value): Value {
  return sqrt(mul(reduceSumSquare(x), 1 / elementCount(x.shape)));
}
