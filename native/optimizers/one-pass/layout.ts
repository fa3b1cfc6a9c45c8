import { elementCount } from '../../graph/data-type.ts';
import type { DeviceTensor } from '../optimizer.ts';
import type { Kernel, KernelKind } from './kernel.ts';

/** Bytes that what belongs together begins at multiples of: a line of the cache, and as long as the widest vectors there are. */
export const cacheLine = 64;

/** Parameters that one kernel steps by one learning rate. */
export interface Region {
  readonly kernel: Kernel;
  /** Times the usual learning rate. */
  readonly rate: number;
  /** Addresses among the parameters. */
  readonly begin: number;
  readonly end: number;
  /** What its kernel is told as places. */
  readonly places: readonly number[];
  /** Where tensors are stepped as wholes, what lies at the first of the places. */
  readonly entries: readonly number[];
}

/** Where a parameter and what is kept of it lie. */
export interface PlacedParameter {
  readonly at: number;
  readonly length: number;
  /** In the order of the kernel's kinds. */
  readonly kinds: readonly { readonly kind: KernelKind; readonly at: number; readonly length: number }[];
}

/** Where a memory has what, in bytes. */
export interface Layout {
  /** Where the parameters begin, and how far from them the gradients: everything that is as long follows at this distance. */
  readonly begin: number;
  readonly stride: number;
  readonly end: number;
  readonly regions: readonly Region[];
  readonly parameters: ReadonlyMap<string, PlacedParameter>;
  readonly tables: ReadonlyMap<Kernel, readonly number[]>;
}

const align = (address: number, alignment: number): number => Math.ceil(address / alignment) * alignment;

const bytesOf = ({ type }: KernelKind): number => (type === 'uint8' ? 1 : Float32Array.BYTES_PER_ELEMENT);

/** Bytes that are kept of so many bytes of parameters. */
export function bytesFor(kind: KernelKind, bytes: number): number {
  return (bytes / Float32Array.BYTES_PER_ELEMENT / kind.weights) * bytesOf(kind);
}

/**
 * Lays out a memory: tables, parameters region by region, whatever is as long, and what kernels keep.
 * @param free where it begins
 * @param copies what is as long as the parameters: gradients, averages
 */
export function layOut(
  specs: readonly DeviceTensor[],
  kernelOf: (spec: DeviceTensor) => Kernel,
  upRate: number,
  free: number,
  copies: number,
): Layout {
  const alike = Map.groupBy(specs, kernelOf);
  const take = (bytes: number): number => {
    const at = free;
    free = align(at + bytes, cacheLine);
    return at;
  };
  const tables = new Map(
    [...alike.keys()].map((kernel) => {
      const { tables: own, scratch = 0 } = kernel;
      return [kernel, [...own.map(({ byteLength }) => byteLength), scratch, scratch].map(take)];
    }),
  );
  const widest = Math.max(cacheLine, ...[...alike.keys()].map(({ alignment }) => alignment));
  const begin = align(free, widest);
  const isApart = ({ isUp = false }: DeviceTensor): boolean => isUp && upRate !== 1;
  let at = begin;
  const ranges = [...alike].flatMap(([kernel, own]) => [
    { kernel, rate: 1, tensors: own.filter((spec) => !isApart(spec)) },
    { kernel, rate: upRate, tensors: own.filter(isApart) },
  ]);
  const placed = ranges
    .filter(({ tensors }) => tensors.length > 0)
    .map(({ kernel, rate, tensors }) => {
      const from = align(at, widest);
      at = from;
      const addresses = (kernel.entryOf ? inHalves(tensors) : tensors).map((spec) => {
        const [here, length] = [at, elementCount(spec.shape)];
        at = align(here + length * Float32Array.BYTES_PER_ELEMENT, kernel.alignment);
        return { spec, at: here, length };
      });
      return { kernel, rate, addresses, begin: from, end: at };
    });
  const stride = align(at - begin, cacheLine);
  free = begin + (1 + copies) * stride;
  const parameters = new Map<string, PlacedParameter>();
  const regions = placed.map(({ addresses, ...region }): Region => {
    const { kernel, begin: from, end } = region;
    if (kernel.entryOf) {
      const entries = addresses.flatMap(({ spec, ...own }) => {
        const kinds = kernel.kinds.map((kind) => {
          const length = kind.lengthOf!(spec);
          return { kind, at: take(length * bytesOf(kind)), length };
        });
        parameters.set(spec.name, { ...own, kinds });
        return [
          ...[own.at, own.at + own.length * Float32Array.BYTES_PER_ELEMENT],
          ...kinds.map((kind) => (kind.length > 0 ? kind.at : 0)),
          ...kernel.entryOf!(spec),
        ];
      });
      const bytes = entries.length * Int32Array.BYTES_PER_ELEMENT;
      const first = take(bytes);
      return { ...region, places: [first, first + bytes, ...tables.get(kernel)!], entries };
    }
    const kinds = kernel.kinds.map((kind) => take(bytesFor(kind, end - from)));
    for (const { spec, ...own } of addresses)
      parameters.set(spec.name, {
        ...own,
        kinds: kernel.kinds.map((kind, i) => {
          return {
            kind,
            at: kinds[i]! + bytesFor(kind, own.at - from),
            length: Math.ceil(own.length / kind.weights),
          };
        }),
      });
    const places = kernel.kinds.map((kind, i) => kinds[i]! - bytesFor(kind, from));
    return { ...region, places: [...places, ...tables.get(kernel)!], entries: [] };
  });
  return { begin, stride, end: free, regions, parameters, tables };
}

/** Tensors in such an order that two threads have as much to do where each takes those that begin in its half. */
function inHalves(specs: readonly DeviceTensor[]): readonly DeviceTensor[] {
  const halves = [0, 1].map(() => ({ specs: [] as DeviceTensor[], numbers: 0 }));
  for (const spec of [...specs].sort((a, b) => elementCount(b.shape) - elementCount(a.shape))) {
    const [first, second] = halves as [(typeof halves)[0], (typeof halves)[0]];
    const smaller = first.numbers <= second.numbers ? first : second;
    smaller.specs.push(spec);
    smaller.numbers += elementCount(spec.shape);
  }
  return halves.sort((a, b) => b.numbers - a.numbers).flatMap((half) => half.specs);
}
