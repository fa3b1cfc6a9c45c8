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
  /** Where what is kept of them begins, in the order of the kernel's kinds. */
  readonly kinds: readonly number[];
}

/** Where a memory has what, in bytes. */
export interface Layout {
  /** Where the parameters begin, and how far from them the gradients: everything that is as long follows at this distance. */
  readonly begin: number;
  readonly stride: number;
  readonly end: number;
  readonly regions: readonly Region[];
  /** A parameter's address, its numbers and the place of its region. */
  readonly parameters: ReadonlyMap<
    string,
    { readonly at: number; readonly length: number; readonly region: number }
  >;
  readonly tables: ReadonlyMap<Kernel, readonly number[]>;
}

const align = (address: number, alignment: number): number => Math.ceil(address / alignment) * alignment;

/** Bytes that are kept of so many bytes of parameters. */
export function bytesFor({ type, weights }: KernelKind, bytes: number): number {
  return bytes / (weights * (type === 'uint8' ? Float32Array.BYTES_PER_ELEMENT : 1));
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
    [...alike.keys()].map((kernel) => [kernel, kernel.tables.map((table) => take(table.byteLength))]),
  );
  const widest = Math.max(cacheLine, ...[...alike.keys()].map(({ alignment }) => alignment));
  const begin = align(free, widest);
  const isApart = ({ isUp = false }: DeviceTensor): boolean => isUp && upRate !== 1;
  let at = begin;
  const parameters = new Map<
    string,
    { readonly at: number; readonly length: number; readonly region: number }
  >();
  const ranges = [...alike].flatMap(([kernel, own]) => [
    { kernel, rate: 1, tensors: own.filter((spec) => !isApart(spec)) },
    { kernel, rate: upRate, tensors: own.filter(isApart) },
  ]);
  const placed = ranges
    .filter(({ tensors }) => tensors.length > 0)
    .map(({ kernel, rate, tensors }, region) => {
      const from = align(at, widest);
      at = from;
      for (const { name, shape } of tensors) {
        const length = elementCount(shape);
        parameters.set(name, { at, length, region });
        at = align(at + length * Float32Array.BYTES_PER_ELEMENT, kernel.alignment);
      }
      return { kernel, rate, begin: from, end: at };
    });
  const stride = align(at - begin, cacheLine);
  free = begin + (1 + copies) * stride;
  const regions = placed.map((region) => {
    const bytes = region.end - region.begin;
    return { ...region, kinds: region.kernel.kinds.map((kind) => take(bytesFor(kind, bytes))) };
  });
  return { begin, stride, end: free, regions, parameters, tables };
}
