import type { OptimizerSettings } from '../../native/facts/optimizers.ts';
import { usualSettings } from '../../native/facts/optimizers.ts';
import { allocate, type DataArray, elementCount } from '../../native/graph/data-type.ts';
import type { Parameter } from '../../native/models/parameter.ts';
import { toDevice } from '../../native/models/parameter-layout.ts';
import type { UpdateRule } from '../../native/optimizers/optimizer.ts';
import { createOptimizer } from '../../native/optimizers/optimizers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { toFile } from '../../native/training/kept-tensors.ts';
import { createStepper } from '../../native/training/stepper.ts';
import { placeState } from '../../native/training/trained-state.ts';
import { type Fixture, readFixture } from '../reference/fixture.ts';

const steps = 20;

export interface FollowedSteps {
  readonly reference: Fixture;
  readonly norms: readonly number[];
  /** All that is kept, as state files have it, by `kind.name`. */
  readonly kept: ReadonlyMap<string, DataArray>;
}

/**
 * The steps of a fixture that tests/reference/optimizers.py has made. Kernels of 3x3 pixels lie with their taps first where
 * `tapsFirst` says so, as they do where convolutions are built of matrix products.
 */
export async function followSteps(
  runtime: Runtime,
  name: string,
  { tapsFirst, onePass }: { readonly tapsFirst: boolean; readonly onePass?: boolean },
): Promise<FollowedSteps> {
  const reference = await readFixture(name);
  const array = (key: string): Float32Array<ArrayBuffer> =>
    reference.tensors.get(key)!.data.slice() as Float32Array<ArrayBuffer>;
  const given = JSON.parse(reference.metadata.settings!) as OptimizerSettings;
  const rule: UpdateRule = {
    optimizer: createOptimizer({ ...usualSettings(given.kind), ...given }),
    maxGradientNorm: 1,
    ema: false,
  };
  const trainable = [...reference.tensors].flatMap(([key, { shape }]) =>
    key.startsWith('initial.') ? [parameterOf(key.slice('initial.'.length), shape, tapsFirst)] : [],
  );
  const state = await placeState(
    {
      runtime,
      rule,
      trainable,
      initial: (parameter) => Promise.resolve(array(`initial.${parameter.name}`)),
      accumulate: false,
      ...(onePass !== undefined && { onePass }),
    },
    1,
  );
  const stepper = await createStepper({
    runtime,
    trainable: state.trainable,
    rule,
    state,
    onePass: state.onePass,
    accumulate: false,
  });
  const [rates, mix] = [array('learning_rate'), array('mix')];
  const norms: number[] = [];
  for (let step = 0; step < steps; step++) {
    for (const parameter of trainable) {
      const [a, b] = [array(`gradient-a.${parameter.name}`), array(`gradient-b.${parameter.name}`)];
      const gradient = a.map((value, i) => mix[2 * step]! * value + mix[2 * step + 1]! * b[i]!);
      state.gradient.get(parameter.name)!.write(toDevice(parameter, gradient));
    }
    norms.push(await stepper.update(step + 1, rates[step]!, 0, 1));
  }
  const kept = new Map<string, DataArray>();
  for (const { kind, name: of, form } of state.keptTensors) {
    const into = allocate(form.type, elementCount(form.shape));
    kept.set(`${kind}.${of}`, toFile(form, await state.kept.get(kind)!.get(of)!.read(into)));
  }
  await stepper.dispose();
  state.dispose();
  return { reference, norms, kept };
}

function parameterOf(name: string, shape: readonly number[], tapsFirst: boolean): Parameter {
  return {
    name,
    component: 'unet',
    key: name,
    shape,
    role: 'weight',
    layout: tapsFirst && shape.length === 4 && shape[2] === 3 ? 'taps-first' : 'state-dict',
    type: 'float32',
    initialization: { kind: 'constant', value: 0 },
    trained: true,
    adapter: null,
  };
}
