import type { DataType } from '../graph/data-type.ts';
import { float32ToFloat16 } from '../graph/half.ts';
import type { Runtime, Tensor } from '../runtime/runtime.ts';
import type { Parameter } from './parameter.ts';
import { deviceShape, toDevice } from './parameter-layout.ts';

type Weight = Pick<Parameter, 'component' | 'key' | 'shape'>;

/** Where weights come from, by component and state-dict key. */
export type ReadWeight = (weight: Weight) => Promise<Float32Array<ArrayBuffer>>;

/** What a weight's numbers are held in without a loss: float16 where they come from a file of such. */
export type WeightType = (weight: Pick<Weight, 'component' | 'key'>) => DataType;

/** A weight where and as graphs take it. */
export async function weightTensor(
  runtime: Runtime,
  readWeight: (parameter: Parameter) => ReturnType<ReadWeight>,
  parameter: Parameter,
): Promise<Tensor> {
  const values = toDevice(parameter, await readWeight(parameter));
  const { type } = parameter;
  return runtime.tensor(type, deviceShape(parameter), type === 'float16' ? float32ToFloat16(values) : values);
}
