import type { DeviceTensor, StateKind } from '../optimizer.ts';

/** How a function of the WebAssembly module steps parameters. */
export interface Kernel {
  /** The function's. */
  readonly name: string;
  /** Bytes of parameters that a tensor begins at a multiple of. */
  readonly alignment: number;
  /** What it keeps of parameters, in the order in which it is told the places. */
  readonly kinds: readonly KernelKind[];
  /**
   * Where it steps tensors as wholes, what it is told of one after its address, its end and the places of its kinds, 0 for those
   * that are not kept of it. Instead of places it is then told where the tensors' entries begin and end.
   */
  readonly entryOf?: (spec: DeviceTensor) => readonly number[];
  /** What it is told the places of after these. */
  readonly tables: readonly (Float32Array | Int32Array)[];
  /** Bytes that each of two threads has for itself, and is told the place of after the tables. */
  readonly scratch?: number;
  /** What it keeps of all parameters together. */
  readonly shared?: Readonly<Record<string, Float32Array<ArrayBuffer>>>;
  /**
   * Finds out of all parameters what the step that follows goes by. `sumOver` calls a function of the module for all of them,
   * with these scalars, and gives the sum of what it returned.
   */
  acrossAll?(
    sumOver: (name: string, scalars: readonly number[]) => number,
    step: number,
    learningRate: number,
  ): void;
  /** What it is told as scalars at optimizer step `step`, from 1. */
  scalarsAt(step: number, learningRate: number): readonly number[];
}

/** A kind of tensor that a kernel keeps. */
export interface KernelKind {
  readonly kind: StateKind;
  readonly type: 'float32' | 'uint8';
  /** Weights that share one of its numbers. */
  readonly weights: number;
  /** Its numbers for a tensor, where tensors are stepped as wholes. */
  readonly lengthOf?: (spec: DeviceTensor) => number;
  /** What stands for 0 where a tensor is filled up; 0 itself where it is left out. */
  readonly zero?: number;
}

/** A float32 to every weight. */
export function plainKind(kind: StateKind): KernelKind {
  return { kind, type: 'float32', weights: 1 };
}
