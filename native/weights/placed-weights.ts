/** The weights of one component that lie among others', under other names, in one file or two. */
import { createHash } from 'node:crypto';

import { Failure } from '../failure.ts';
import { elementCount } from '../graph/data-type.ts';
import type { TensorFile } from './tensor-file.ts';
import type { WeightSource } from './weight-source.ts';

export interface PlacedWeight {
  readonly file: TensorFile;
  /** What the tensor is called there. */
  readonly key: string;
  /** As the state dict has it; the tensor has as many elements, or a multiple where the weight is a part of it. */
  readonly shape: readonly number[];
  /** Which part of the tensor's rows, counted in weights of this size. */
  readonly part: number;
  /** Whether the tensor is the matrix on its side. */
  readonly transposed?: boolean;
}

/** The files stay open: whoever opened them closes them. */
export function placedWeights(path: string, weights: ReadonlyMap<string, PlacedWeight>): WeightSource {
  const find = (name: string): PlacedWeight => {
    const found = weights.get(name);
    if (found !== undefined) return found;
    throw new Failure('tensor-missing', `${path} has no weight ${name}.`, 'Download the model again.');
  };
  const read = async (name: string): Promise<Float32Array<ArrayBuffer>> => {
    const placed = find(name);
    return weightIn(await placed.file.readAs(placed.key, 'float32'), placed);
  };
  return {
    names: [...weights.keys()],
    files: [...new Set([...weights.values()].map(({ file }) => file.path))],
    shape: (name) => find(name).shape,
    dtype: (name) => find(name).file.tensors.get(find(name).key)!.dtype,
    read,
    readHalf: async (name) => {
      const placed = find(name);
      return weightIn(await placed.file.readAs(placed.key, 'float16'), placed);
    },
    readInto: async (name, target) => {
      target.set(await read(name));
    },
    close: () => Promise.resolve(),
  };
}

type Numbers = Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;

function weightIn<N extends Numbers>(
  tensor: N,
  { shape, part, transposed = false }: Pick<PlacedWeight, 'shape' | 'part' | 'transposed'>,
): N {
  if (transposed) return turned(tensor, shape);
  const length = elementCount(shape);
  // A copy, so that the rest of the tensor can be let go.
  return tensor.length === length ? tensor : (tensor.slice(part * length, (part + 1) * length) as N);
}

/** A matrix of this shape from one that stands on its side. */
export function turned<N extends Numbers>(matrix: N, [rows, columns]: readonly number[]): N {
  return matrix.map((_, i) => matrix[(i % columns!) * rows! + Math.floor(i / columns!)]!) as N;
}

/** SHA-256, in hex, of the tensors that hold these weights: their names in the file, types, shapes and bytes. */
export async function hashPlaced(weights: ReadonlyMap<string, PlacedWeight>): Promise<string> {
  const hash = createHash('sha256');
  const tensors = new Map([...weights.values()].map(({ file, key }) => [key, file]));
  for (const [key, file] of [...tensors].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const { dtype, shape } = file.tensors.get(key)!;
    hash.update(`${key}\n${dtype}\n${shape.join()}\n`);
    hash.update(await file.read(key));
  }
  return hash.digest('hex');
}
