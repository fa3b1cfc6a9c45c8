import { allocate, bytesPerElement, type DataType, elementCount } from '../graph/data-type.ts';
import { float16ToFloat32, float32ToFloat16 } from '../graph/half.ts';
import type { HostTensor, Runtime, Session, Tensor } from '../runtime/runtime.ts';

/** Runs a graph of others' making on tensors in JavaScript's memory, in whatever of the types it wants its numbers. */
export async function runGraph<N extends string>(
  runtime: Runtime,
  session: Session,
  given: Readonly<Record<string, HostTensor>>,
  outputs: readonly N[],
): Promise<Readonly<Record<N, HostTensor>>> {
  const tensors: Record<string, Tensor> = {};
  try {
    for (const { name, type } of session.inputs) {
      const wanted = given[name];
      if (wanted === undefined) continue;
      const { shape, data, type: as } = asType(wanted, type ?? wanted.type);
      tensors[name] = runtime.tensor(as, shape, data);
    }
    return await session.run(tensors, outputs);
  } finally {
    for (const tensor of Object.values(tensors)) tensor.dispose();
  }
}

function asType(tensor: HostTensor, type: DataType): HostTensor {
  if (tensor.type === type) return tensor;
  const { shape, data } = tensor;
  if (type === 'float16') return { type, shape, data: float32ToFloat16(data as Float32Array<ArrayBuffer>) };
  if (type === 'float32') return { type, shape, data: asFloats(tensor) };
  const out = allocate(type, data.length);
  for (let at = 0; at < data.length; at++) {
    out[at] = type === 'int64' ? BigInt(data[at]!) : Number(data[at]);
  }
  return { type, shape, data: out };
}

/** A tensor's numbers, widened where they are float16. */
export function asFloats({ type, data }: HostTensor): Float32Array<ArrayBuffer> {
  if (type === 'float16') return float16ToFloat32(data as Uint16Array<ArrayBuffer>);
  return data as Float32Array<ArrayBuffer>;
}

export function integers(shape: readonly number[], numbers: readonly number[]): HostTensor {
  return { type: 'int64', shape, data: BigInt64Array.from(numbers, BigInt) };
}

export function ones(shape: readonly number[]): HostTensor {
  return { type: 'int64', shape, data: new BigInt64Array(elementCount(shape)).fill(1n) };
}

/** Rows of the first axis, in the order of `rows`, which may name one several times. */
export function takeRows({ type, shape, data }: HostTensor, rows: readonly number[]): HostTensor {
  const [, ...rest] = shape;
  const length = elementCount(rest) * bytesPerElement[type];
  const from = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const out = allocate(type, elementCount(rest) * rows.length);
  const to = new Uint8Array(out.buffer);
  rows.forEach((row, at) => {
    to.set(from.subarray(row * length, (row + 1) * length), at * length);
  });
  return { type, shape: [rows.length, ...rest], data: out };
}

/** Joined along the second axis: `[1, n, width]` and `[1, m, width]` to `[1, n + m, width]`. */
export function joined(one: HostTensor, other: HostTensor): HostTensor {
  const [first, second] = [asFloats(one), asFloats(other)];
  const data = new Float32Array(first.length + second.length);
  data.set(first);
  data.set(second, first.length);
  const [, n = 0, width = 0] = one.shape;
  return { type: 'float32', shape: [1, n + (other.shape[1] ?? 0), width], data };
}
