import { optimizerFacts, type SettingsOf } from '../facts/optimizers.ts';
import { elementCount } from '../graph/data-type.ts';
import type { Value } from '../graph/graph.ts';
import { add, div, mul, sqrt, sub } from '../graph/ops/elementwise.ts';
import { reshape } from '../graph/ops/shape.ts';
import { adamwScalars, adamwScalarsAt } from './adamw-scalars.ts';
import { blockCount, codesOf, codeZero, numbersOf } from './eight-bits.ts';
import { adamw8bitKernel, adamwKernel } from './one-pass/adamw-kernels.ts';
import { onePassOver } from './one-pass/one-pass.ts';
import { type DeviceTensor, type KeptForm, type Optimizer, plainForm, type StepValues } from './optimizer.ts';

/** Elements below which a parameter's moments stay float32, as in bitsandbytes: they are few, and biases want exact ones. */
const fewElements = 4096;

/**
 * AdamW with moments of 8 bits (Dettmers et al. 2021): in blocks of 256 numbers, each divided by its greatest and rounded to
 * the nearest of a dynamic map, which for the first moment is signed. A step is taken by the moments before they are rounded.
 */
export function adamw8bit(settings: SettingsOf<'adamw8bit'>): Optimizer {
  return {
    kind: 'adamw8bit',
    state: optimizerFacts.adamw8bit.state,
    form: momentForm,
    scalars: adamwScalars,
    scalarsAt: (step, learningRate) => adamwScalarsAt(settings, step, learningRate),
    update: (step) => {
      const { gradient, before, scalar, flat, shaped } = step;
      const [learningRate, decay, epsilon] = adamwScalars.map(scalar);
      const first = moment(step, 'first', gradient, settings.beta1);
      const second = moment(step, 'second', mul(gradient, gradient), settings.beta2);
      const direction = div(flat(first.value), add(flat(sqrt(second.value)), epsilon!));
      const kept = mul(before('parameter'), decay!);
      return {
        parameter: sub(shaped(kept), shaped(mul(direction, learningRate!))),
        ...first.kept,
        ...second.kept,
      };
    },
    onePass: (trainable, rule, parts) => {
      const [kernel, plain] = [adamw8bitKernel(settings), adamwKernel(settings)];
      return onePassOver(trainable, rule, parts, (spec) => (hasFew(spec) ? plain : kernel));
    },
  };
}

const hasFew = ({ shape }: DeviceTensor): boolean => elementCount(shape) < fewElements;

function momentForm(kind: string, parameter: DeviceTensor): KeptForm | null {
  const isScale = kind.endsWith('Scale');
  if (hasFew(parameter)) return isScale ? null : plainForm(parameter);
  if (isScale) return { type: 'float32', shape: [blockCount(elementCount(parameter.shape))] };
  return { type: 'uint8', shape: parameter.shape, begins: kind === 'firstMoment' ? codeZero : 0 };
}

/** beta · moment + added, and how that is kept. */
function moment(
  { before, shaped }: StepValues,
  which: 'first' | 'second',
  added: Value,
  beta: number,
): { readonly value: Value; readonly kept: Readonly<Record<string, Value>> } {
  const [kind, scaleKind] = [`${which}Moment`, `${which}Scale`];
  const old = before(kind);
  if (old.type === 'float32') {
    const value = add(shaped(mul(old, beta)), shaped(added));
    return { value, kept: { [kind]: value } };
  }
  const isSigned = which === 'first';
  const numbers = numbersOf(old, before(scaleKind), isSigned);
  const value = add(mul(numbers, beta), reshape(added, numbers.shape));
  const { codes, scales } = codesOf(value, isSigned);
  return { value: shaped(value), kept: { [kind]: shaped(codes), [scaleKind]: scales } };
}
