import { type OptimizerKind, optimizerKinds, usualSettings } from '../../native/facts/optimizers.ts';
import { elementCount } from '../../native/graph/data-type.ts';
import type { Parameter } from '../../native/models/parameter.ts';
import type { UpdateRule } from '../../native/optimizers/optimizer.ts';
import { createOptimizer } from '../../native/optimizers/optimizers.ts';
import { normals } from '../../native/random/philox.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { createStepper } from '../../native/training/stepper.ts';
import { placeState } from '../../native/training/trained-state.ts';
import { type Check, exact } from './check.ts';
import { worstDifference } from './run-graph.ts';

/** Matrices, kernels of one pixel, more short vectors than one node takes, and a long one. */
const trainable = [
  { name: 'matrix', shape: [72, 64] },
  { name: 'kernel', shape: [16, 8, 1, 1] },
  { name: 'long', shape: [9000] },
  ...Array.from({ length: 15 }, (_, i) => ({ name: `bias-${i}`, shape: [5 + i] })),
];
const parameters = trainable.map(({ name, shape }): Parameter => {
  return {
    name,
    component: 'unet',
    key: name,
    shape,
    role: 'weight',
    layout: 'state-dict',
    type: 'float32',
    initialization: { kind: 'constant', value: 0 },
    trained: true,
    adapter: null,
  };
});
const names = trainable.map(({ name }) => name);
const [steps, learningRate, emaDecay] = [5, 1e-2, 0.9];
/** A few roundings a step; and of 8 bits, where one falls the other way, a part of what that number moves in a step. */
const tolerances: Readonly<Partial<Record<OptimizerKind, number>>> = { adamw8bit: 1e-3 };

/** Every optimizer's graph in place, clipped, averaged, over gradients of two batches, beside the processor's. */
export const optimizers: Check = async ({ open, openCpu, report }) => {
  const [device, cpu] = [await open(exact), await openCpu()];
  const differences: Record<string, unknown> = {};
  let ok = true;
  for (const kind of optimizerKinds) {
    const optimizer = createOptimizer(usualSettings(kind));
    const rule = { optimizer, maxGradientNorm: 1, ema: true };
    const worst = worstDifference(await run(device, rule), await run(cpu, rule));
    differences[kind] = worst;
    ok &&= worst.difference <= (tolerances[kind] ?? 1e-5);
    report({ differences });
  }
  return { ok, differences };
};

/** State and norms after the steps, by name. */
async function run(runtime: Runtime, rule: UpdateRule): Promise<Map<string, ArrayLike<number>>> {
  const drawn = (salt: number, { name, shape }: Parameter): Float32Array<ArrayBuffer> =>
    normals(salt, 'noise', 0, names.indexOf(name), new Float32Array(elementCount(shape)));
  const initial = (parameter: Parameter) => Promise.resolve(drawn(1, parameter));
  const state = await placeState(
    { runtime, rule, trainable: parameters, initial, accumulate: true, onePass: false },
    1,
  );
  const stepper = await createStepper({
    runtime,
    trainable: state.trainable,
    rule,
    state,
    onePass: null,
    accumulate: true,
  });
  const norms: number[] = [];
  for (let step = 1; step <= steps; step++) {
    for (const parameter of parameters) {
      state.gradient.get(parameter.name)!.write(drawn(10 * step, parameter));
      state.scratch.get(parameter.name)!.write(drawn(10 * step + 1, parameter));
    }
    await stepper.accumulate!.run();
    norms.push(await stepper.update(step, learningRate, emaDecay, 1));
  }
  const results = new Map<string, ArrayLike<number>>([['norms', norms]]);
  for (const { kind, name, form } of state.keptTensors) {
    // Where a number lies between two of a map, the last bit decides for which of them a code stands.
    if (form.type === 'uint8') continue;
    const into = new Float32Array(elementCount(form.shape));
    results.set(`${kind} of ${name}`, await state.kept.get(kind)!.get(name)!.read(into));
  }
  await stepper.dispose();
  state.dispose();
  return results;
}
