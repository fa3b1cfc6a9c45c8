import { type DataArray, elementCount } from '../graph/data-type.ts';
import { fromTapsFirst, toTapsFirst } from '../kernels/taps-first.ts';
import type { DeviceTensor, KeptForm, StateKind, UpdateRule } from '../optimizers/optimizer.ts';
import { formOf, sharedKind, stateKinds } from '../optimizers/optimizer.ts';

/** A tensor of the training state: of a parameter, or of all of them together. */
export interface KeptTensor {
  readonly kind: StateKind;
  /** The parameter's, or of the kind `shared` what the optimizer calls it. */
  readonly name: string;
  readonly form: KeptForm;
}

/** All that is kept from step to step, in the order of state files. */
export function keptTensors(trainable: readonly DeviceTensor[], rule: UpdateRule): readonly KeptTensor[] {
  const { optimizer } = rule;
  return stateKinds(rule).flatMap((kind) =>
    kind === sharedKind
      ? Object.entries(optimizer.shared ?? {}).map(([name, begins]): KeptTensor => {
          return { kind, name, form: { type: 'float32', shape: [], begins } };
        })
      : trainable.flatMap((parameter): KeptTensor[] => {
          const form = formOf(optimizer, kind, parameter);
          return form ? [{ kind, name: parameter.name, form }] : [];
        }),
  );
}

/** Its shape in state files. */
export function fileShape({ shape, kernel = shape }: KeptForm): readonly number[] {
  return kernel;
}

/** Its numbers as files have them, of what the device has. */
export function toFile<A extends DataArray>({ kernel }: KeptForm, values: A): A {
  return kernel && values instanceof Float32Array ? (fromTapsFirst(kernel, values) as A) : values;
}

/** Its numbers as the device has them, of what files have. */
export function fromFile<A extends DataArray>({ kernel }: KeptForm, values: A): A {
  return kernel && values instanceof Float32Array ? (toTapsFirst(kernel, values) as A) : values;
}

/** How many numbers it has. */
export const keptLength = ({ shape }: KeptForm): number => elementCount(shape);
