import type { Value } from '../graph/graph.ts';

/** A trained parameter as graphs take it. */
export interface DeviceTensor {
  readonly name: string;
  readonly shape: readonly number[];
}

/** `parameter`, `ema` for its moving average, or what the optimizer calls a kind of tensor it keeps: `firstMoment`. */
export type StateKind = string;

/**
 * How parameters are moved by their gradients. It may be run as a graph anywhere, and in one pass over memory where it has
 * such a form and tensors are arrays; both are the same numbers, but for rounding.
 */
export interface Optimizer {
  readonly kind: string;
  /** Kinds of tensors it keeps for each parameter: float32 of the parameter's shape, zeros at first. */
  readonly state: readonly StateKind[];
  /** Names of the scalars its graph takes at each step. */
  readonly scalars: readonly string[];
  /** Their values at optimizer step `step`, from 1. */
  scalarsAt(step: number, learningRate: number): Readonly<Record<string, number>>;
  /** Appends what a step does to a parameter; gives the new values of `parameter` and of each kind in `state`. */
  update(step: StepValues): Readonly<Record<StateKind, Value>>;
  /** Null for models it cannot hold. */
  onePass?(
    trainable: readonly DeviceTensor[],
    rule: Omit<UpdateRule, 'optimizer'>,
    parts: number,
  ): OnePass | null;
}

/** What a graph's update of one parameter is made of. */
export interface StepValues {
  /** Flat, and clipped where gradients are. */
  readonly gradient: Value;
  /**
   * The value before the step of `parameter` or of a kind in `state`, flat. Each is to be asked for once and read by one node,
   * which its new value depends on: the new value is written over it.
   */
  readonly before: (kind: StateKind) => Value;
  readonly scalar: (name: string) => Value;
  /**
   * ONNX Runtime multiplies by a scalar ten times slower where the last axis is 1 (a 1x1 kernel's): such a tensor is flat
   * until the last operation, which is on shaped values and alone writes to the output.
   */
  readonly flat: (x: Value) => Value;
  readonly shaped: (x: Value) => Value;
}

/** How gradients change parameters: by which optimizer, and what is the same for every one. */
export interface UpdateRule {
  readonly optimizer: Optimizer;
  /** Gradients are scaled to at most this global norm; 0 for no clipping. */
  readonly maxGradientNorm: number;
  /** Whether an exponential moving average of the weights is kept. */
  readonly ema: boolean;
}

/** An optimizer over arrays of its own. */
export interface OnePass {
  /** Sets of gradients there are arrays for. */
  readonly parts: number;
  /** A parameter's array of one kind or its `gradient`, zeros at first. `ema` exists where the rule keeps an average. */
  array(kind: string, name: string): Float32Array<ArrayBuffer>;
  /** The gradient of a further part of a batch, from 1. */
  partGradient(part: number, name: string): Float32Array<ArrayBuffer>;
  /**
   * One step by the sum of the gradients of so many parts, which replaces those of the first; returns their global norm
   * before clipping. Blocks the event loop.
   */
  update(step: number, learningRate: number, emaDecay: number, parts: number): number;
  dispose(): Promise<void>;
}

/** All that is kept of a parameter besides its gradient, in the order of state files. */
export function stateKinds({ optimizer, ema }: Pick<UpdateRule, 'optimizer' | 'ema'>): readonly StateKind[] {
  return ['parameter', ...optimizer.state, ...(ema ? ['ema'] : [])];
}

/** What stands before a parameter's name in graphs: `first-moment/` for the kind `firstMoment`, `gradient/` for `gradient`. */
export function graphPrefix(kind: string): string {
  return `${kind.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}/`;
}
