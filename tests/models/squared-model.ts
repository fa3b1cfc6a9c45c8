import { gradients } from '../../native/autodiff/gradients.ts';
import type { Value } from '../../native/graph/graph.ts';
import { float32ToFloat16 } from '../../native/graph/half.ts';
import { inHalfPrecision } from '../../native/graph/in-half-precision.ts';
import { add, mul } from '../../native/graph/ops/elementwise.ts';
import { reduceMean } from '../../native/graph/ops/reduce.ts';
import type { Provider } from '../../native/runtime/runtime.ts';
import { backwardOn } from '../../native/training/artifacts.ts';
import type { ModelName } from '../reference/fixture.ts';
import { buildReferenceModel, type ReferenceModel, valuesByName } from './reference-model.ts';

/** Losses in float16 are scaled, or small gradients would round to zero. */
export const lossScale = 1024;

/** A reference model in a type, with the gradients of its outputs' mean square. */
export interface SquaredModel {
  readonly model: ReferenceModel;
  /** Parameters by name. */
  readonly wrt: ReadonlyMap<string, Value>;
  /** Of every parameter by its name, float32, `lossScale` times too large. */
  readonly gradientOf: Readonly<Record<string, Value>>;
}

export async function squaredModel(
  name: ModelName,
  type: 'float16' | 'float32',
  provider: Provider = 'cpu',
): Promise<SquaredModel> {
  const model = await buildReferenceModel(name);
  const wrt = valuesByName(model.parameters);
  const loss = meanSquare(Object.values(model.outputs));
  const found = gradients(model.graph, loss, [...wrt.values()], { seed: lossScale, ...backwardOn(provider) });
  const gradientOf = Object.fromEntries([...wrt.keys()].map((key, i) => [key, found[i]!]));
  return type === 'float32' ? { model, wrt, gradientOf } : inHalf({ model, wrt, gradientOf });
}

/** The same in half precision, its parameters float16. */
function inHalf({ model, wrt, gradientOf }: SquaredModel): SquaredModel {
  const results = [...Object.values(model.outputs), ...Object.values(gradientOf)];
  const { graph, valueOf } = inHalfPrecision(model.graph, { results, halfInputs: new Set(wrt.values()) });
  const there = (values: Readonly<Record<string, Value>>): Record<string, Value> =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [key, valueOf(value)]));
  const data = new Map(
    [...model.data].map(([key, values]) => [
      key,
      wrt.has(key) ? float32ToFloat16(values as Float32Array) : values,
    ]),
  );
  return {
    model: { ...model, graph, data, outputs: there(model.outputs), inputs: there(model.inputs) },
    wrt: new Map(Object.entries(there(Object.fromEntries(wrt)))),
    gradientOf: there(gradientOf),
  };
}

function meanSquare(outputs: readonly Value[]): Value {
  const squares = outputs.map((output) => {
    const axes = output.shape.map((_, axis) => axis);
    return reduceMean(mul(output, output), axes);
  });
  return squares.reduce((a, b) => add(a, b));
}

/** Whether a parameter's gradient is zero but for rounding: softmax does not see what is added to a whole row. */
export function gradientVanishes(key: string): boolean {
  return /(k_proj|to_k)\.bias$/.test(key);
}
