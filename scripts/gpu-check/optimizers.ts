import { optimizerKinds, usualSettings } from '../../native/facts/optimizers.ts';
import { elementCount } from '../../native/graph/data-type.ts';
import { type StateKind, stateKinds, type UpdateRule } from '../../native/optimizers/optimizer.ts';
import { createOptimizer } from '../../native/optimizers/optimizers.ts';
import { normals } from '../../native/random/philox.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { createStepper, type State, type Tensors } from '../../native/training/stepper.ts';
import { type Check, exact } from './check.ts';
import { worstDifference } from './run-graph.ts';

/** Matrices, kernels of one pixel, more short vectors than one node takes, and a long one. */
const trainable = [
  { name: 'matrix', shape: [24, 40] },
  { name: 'kernel', shape: [16, 8, 1, 1] },
  { name: 'long', shape: [9000] },
  ...Array.from({ length: 15 }, (_, i) => ({ name: `bias-${i}`, shape: [5 + i] })),
];
const [steps, learningRate, emaDecay] = [5, 1e-2, 0.9];

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
    // A few roundings a step.
    ok &&= worst.difference <= 1e-5;
    report({ differences });
  }
  return { ok, differences };
};

/** State and norms after the steps, by name. */
async function run(runtime: Runtime, rule: UpdateRule): Promise<Map<string, ArrayLike<number>>> {
  const drawn = (salt: number): Map<string, Float32Array<ArrayBuffer>> =>
    new Map(
      trainable.map(({ name, shape }, i) => [
        name,
        normals(salt, 'noise', 0, i, new Float32Array(elementCount(shape))),
      ]),
    );
  const placed = (values: ReadonlyMap<string, Float32Array<ArrayBuffer>> | null): Tensors =>
    new Map(trainable.map(({ name, shape }) => [name, runtime.tensor('float32', shape, values?.get(name))]));
  const begin = (kind: StateKind): Tensors =>
    placed(kind === 'parameter' || kind === 'ema' ? drawn(1) : null);
  const kinds = stateKinds(rule);
  const state: State = {
    kept: new Map(kinds.map((kind) => [kind, begin(kind)])),
    gradient: placed(null),
    scratch: placed(null),
  };
  const stepper = await createStepper({ runtime, trainable, rule, state, onePass: null, accumulate: true });
  const norms: number[] = [];
  for (let step = 1; step <= steps; step++) {
    for (const [name, values] of drawn(10 * step)) state.gradient.get(name)!.write(values);
    for (const [name, values] of drawn(10 * step + 1)) state.scratch.get(name)!.write(values);
    await stepper.accumulate!.run();
    norms.push(await stepper.update(step, learningRate, emaDecay, 1));
  }
  const results = new Map<string, ArrayLike<number>>([['norms', norms]]);
  for (const [kind, tensors] of state.kept) {
    for (const { name, shape } of trainable)
      results.set(`${kind} of ${name}`, await tensors.get(name)!.read(new Float32Array(elementCount(shape))));
  }
  await stepper.dispose();
  return results;
}
