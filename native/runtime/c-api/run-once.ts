import { allocate, bytesPerElement, elementCount } from '../../graph/data-type.ts';
import { runFailed } from '../errors.ts';
import { koffi } from '../foreign-functions.ts';
import type { HostTensor, TensorMap } from '../runtime.ts';
import { type Ort, OrtError, type Pointer } from './library.ts';
import type { OrtTensor } from './tensor.ts';
import { typeAndShape } from './type-and-shape.ts';

/**
 * Runs a session whose outputs have shapes that only the run tells: ONNX Runtime allocates them in the host's memory, and
 * they are copied out of it.
 */
export async function runOnce<N extends string>(
  ort: Ort,
  session: Pointer,
  hostMemory: Pointer,
  inputs: TensorMap,
  outputs: readonly N[],
): Promise<Readonly<Record<N, HostTensor>>> {
  const binding = ort.create('IoBinding', 'CreateIoBinding', session);
  try {
    for (const [name, tensor] of Object.entries(inputs))
      ort.call('BindInput', binding, name, (tensor as OrtTensor).value());
    for (const name of outputs) ort.call('BindOutputToDevice', binding, name, hostMemory);
    await ort.callAsync('RunWithBinding', session, null, binding);
    await ort.callAsync('SynchronizeBoundOutputs', binding);
    return takeOutputs(ort, binding, outputs);
  } catch (error) {
    throw error instanceof OrtError ? runFailed(error) : error;
  } finally {
    ort.release('IoBinding', binding);
  }
}

/** Values come in the order in which they were bound; the list and each of them are ours to give back. */
function takeOutputs<N extends string>(
  ort: Ort,
  binding: Pointer,
  names: readonly N[],
): Readonly<Record<N, HostTensor>> {
  const allocator = ort.get('GetAllocatorWithDefaultOptions');
  const [list, count] = [new BigUint64Array(1), new BigUint64Array(1)];
  ort.call('GetBoundOutputValues', binding, allocator, list, count);
  const values = (koffi.decode(list[0], 'void *', Number(count[0])) as unknown as Pointer[]).map((value) =>
    ort.adopt('Value', value),
  );
  ort.call('AllocatorFree', allocator, list[0]!);
  try {
    const tensors = names.map((name, at) => [name, copyOf(ort, name, values[at]!)] as const);
    return Object.fromEntries(tensors) as Record<N, HostTensor>;
  } finally {
    for (const value of values) ort.release('Value', value);
  }
}

function copyOf(ort: Ort, name: string, value: Pointer): HostTensor {
  const info = ort.get('GetTensorTypeAndShape', value);
  const { type, shape } = typeAndShape(ort, info);
  ort.call('ReleaseTensorTypeAndShapeInfo', info);
  if (type === null) throw new Error(`The output ${name} is of a type that is not read.`);
  const data = allocate(type, elementCount(shape));
  const bytes = data.length * bytesPerElement[type];
  if (bytes > 0) {
    const memory = ort.get('GetTensorMutableData', value);
    const copy = koffi.decode(memory, koffi.array('uint8_t', bytes, 'Typed')) as Uint8Array;
    new Uint8Array(data.buffer).set(copy);
  }
  return { type, shape, data };
}
