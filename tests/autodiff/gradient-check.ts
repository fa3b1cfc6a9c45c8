import { InferenceSession, Tensor } from 'onnxruntime-node';

import type { GradientOptions } from '../../native/autodiff/gradients.ts';
import { serializeModel } from '../../native/graph/serialize.ts';
import { type Arrays, type Build, type Shapes, startOf, weightedSum } from './weighted-sum.ts';

export interface Differentiated {
  readonly inputs: Arrays;
  /** Of the loss with respect to each input. */
  readonly gradients: Readonly<Record<string, Float32Array>>;
  /** What the output was weighted by to make the loss, its elements in order. */
  readonly weights: readonly number[];
  /** The loss at other inputs. */
  readonly lossAt: (inputs: Arrays) => Promise<number>;
}

/**
 * Differentiates a weighted sum of the output of `build`, the weights being different for every element so that no
 * two gradients can be confused.
 */
export async function differentiate(
  shapes: Shapes,
  build: Build,
  start?: Arrays,
  options?: GradientOptions,
): Promise<Differentiated> {
  const { graph, outputs, weights } = weightedSum(shapes, build, options);
  const { model } = serializeModel(graph, outputs);
  const session = await InferenceSession.create(model, { logSeverityLevel: 3, intraOpNumThreads: 1 });
  const run = (inputs: Arrays) =>
    session.run(
      Object.fromEntries(
        Object.entries(shapes).map(([name, shape]) => [name, new Tensor('float32', inputs[name]!, shape)]),
      ),
    );
  const inputs = start ?? startOf(shapes);
  const results = await run(inputs);
  return {
    inputs,
    weights,
    gradients: Object.fromEntries(
      Object.keys(shapes).map((name) => [name, results[`d ${name}`]!.data as Float32Array]),
    ),
    lossAt: async (other) => ((await run(other)).loss!.data as Float32Array)[0]!,
  };
}

/**
 * The gradient of a function linear in each of its inputs by itself: the exact difference that a step of 1 makes.
 */
export async function unitDifferences({ inputs, lossAt }: Differentiated): Promise<Record<string, number[]>> {
  const here = await lossAt(inputs);
  const found: Record<string, number[]> = {};
  for (const [name, array] of Object.entries(inputs)) {
    found[name] = [];
    for (let i = 0; i < array.length; i++) {
      const moved = Float32Array.from(array);
      moved[i]! += 1;
      found[name].push((await lossAt({ ...inputs, [name]: moved })) - here);
    }
  }
  return found;
}

/** The gradient of Σ weights·f(inputs) by central differences in double precision. */
export function centralDifferences(
  f: (inputs: Readonly<Record<string, readonly number[]>>) => readonly number[],
  { inputs, weights }: Differentiated,
): Record<string, number[]> {
  const step = 1e-6;
  const doubles = Object.fromEntries(
    Object.entries(inputs).map(([name, array]) => [name, Array.from(array)]),
  );
  const loss = (at: typeof doubles): number => f(at).reduce((sum, y, i) => sum + y * weights[i]!, 0);
  return Object.fromEntries(
    Object.entries(doubles).map(([name, array]) => [
      name,
      array.map((x, i) => {
        const at = (moved: number): typeof doubles => ({ ...doubles, [name]: array.with(i, moved) });
        return (loss(at(x + step)) - loss(at(x - step))) / (2 * step);
      }),
    ]),
  );
}
