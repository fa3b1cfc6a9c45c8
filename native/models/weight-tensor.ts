import type { DataType } from '../graph/data-type.ts';
import { float32ToFloat16 } from '../graph/half.ts';
import type { Runtime, Tensor } from '../runtime/runtime.ts';
import type { Parameter } from './parameter.ts';
import { deviceShape, type LayOut } from './parameter-layout.ts';

type Weight = Pick<Parameter, 'component' | 'key' | 'shape'>;

/** Where weights come from, by component and state-dict key. */
export interface ReadWeight<W = Weight> {
  (weight: W): Promise<Float32Array<ArrayBuffer>>;
  /** The same as float16 bits. Where a file has them so, widening and rounding all of a large model took most of opening it. */
  readonly half?: (weight: W) => Promise<Uint16Array<ArrayBuffer>>;
}

/** What a weight's numbers are held in without a loss: float16 where they come from a file of such. */
export type WeightType = (weight: Pick<Weight, 'component' | 'key'>) => DataType;

/** A weight where and as graphs take it; the array that was read may be the tensor's. */
export async function weightTensor(
  runtime: Runtime,
  readWeight: ReadWeight<Parameter>,
  parameter: Parameter,
  layOut: LayOut,
): Promise<Tensor> {
  const { type } = parameter;
  const values = type === 'float16' ? await halfWeight(readWeight, parameter) : await readWeight(parameter);
  return runtime.tensor(type, deviceShape(parameter), layOut(parameter, values));
}

/** A weight as float16 bits. */
export async function halfWeight<W>(readWeight: ReadWeight<W>, weight: W): Promise<Uint16Array<ArrayBuffer>> {
  return (await readWeight.half?.(weight)) ?? float32ToFloat16(await readWeight(weight));
}
