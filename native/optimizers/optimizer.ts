import { bytesPerElement, type DataArray, elementCount } from '../graph/data-type.ts';
import type { Value } from '../graph/graph.ts';

/** A trained parameter as graphs take it. */
export interface DeviceTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Of a convolution's weight that lies with its taps first: the shape [o, c, kh, kw] that a state dict has. */
  readonly kernel?: readonly number[];
  /** Whether it is the up matrix of an adapter, which may go by a learning rate of its own. */
  readonly isUp?: boolean;
}

/** How a kind of tensor is kept of a parameter. */
export interface KeptForm {
  readonly type: 'float32' | 'uint8';
  /** On the device. */
  readonly shape: readonly number[];
  /** Of a tensor that lies with its taps first on the device and not in states: its shape there, [o, c, …]. */
  readonly kernel?: readonly number[];
  /** What all its numbers are at first, or the parameter's own; zeros where it is left out. */
  readonly begins?: number | 'parameter';
}

/** `parameter`, `ema` for its moving average, or what the optimizer calls a kind of tensor it keeps: `firstMoment`. */
export type StateKind = string;

/**
 * How parameters are moved by their gradients. It may be run as a graph anywhere, and in one pass over memory where it has
 * such a form and tensors are arrays; both are the same numbers, but for rounding.
 */
export interface Optimizer {
  readonly kind: string;
  /** Kinds of tensors it keeps for each parameter: float32 of the parameter's shape, zeros at first, but for `form`. */
  readonly state: readonly StateKind[];
  /** Where a kind is kept otherwise; null: not at all of this parameter. */
  form?(kind: StateKind, parameter: DeviceTensor): KeptForm | null;
  /** Scalars that it keeps of all parameters together, with what they are at first. */
  readonly shared?: Readonly<Record<string, number>>;
  /** Whether a step looks at parameters as wholes; vectors are then not updated end to end. */
  readonly seesWholes?: boolean;
  /** Names of the scalars its graph takes at each step. */
  readonly scalars: readonly string[];
  /** Their values at optimizer step `step`, from 1. */
  scalarsAt(step: number, learningRate: number): Readonly<Record<string, number>>;
  /** Appends what has to be known of all parameters before any of them is updated. `scalar` also has what is `shared`. */
  acrossAll?(steps: readonly StepValues[], scalar: (name: string) => Value): AcrossAll;
  /** Appends what a step does to a parameter; gives the new values of `parameter` and of each kind in `state` that changes. */
  update(step: StepValues): Readonly<Record<StateKind, Value>>;
  /** Null for models it cannot hold. */
  onePass?(
    trainable: readonly DeviceTensor[],
    rule: Omit<UpdateRule, 'optimizer'>,
    parts: number,
  ): OnePass | null;
}

/** What a step finds out of all parameters. */
export interface AcrossAll {
  /** New values of what is shared. */
  readonly shared: Readonly<Record<string, Value>>;
  /** What is handed on to the update of each parameter, as its `found`. */
  readonly found: readonly Readonly<Record<string, Value>>[];
}

/** What a graph's update of one parameter is made of. */
export interface StepValues {
  /** Several that are updated end to end are one. */
  readonly parameter: DeviceTensor;
  /** Flat, and clipped where gradients are. */
  readonly gradient: Value;
  /**
   * The value before the step of `parameter` or of a kind in `state`, flat where it is of the parameter's shape. Every node that
   * reads it must come before its new value, which depends on all of them: the new value is written over it.
   */
  readonly before: (kind: StateKind) => Value;
  /** What `acrossAll` handed on. */
  readonly found: Readonly<Record<string, Value>>;
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
  /** Whether gradients come multiplied, by what is said at each step, and a step is skipped where one is not finite. */
  readonly scalesLoss?: boolean;
  /** How many times the learning rate the up matrices of adapters go by; left out: once, or the optimizer sees to it. */
  readonly upRate?: number;
}

/** An optimizer over arrays of its own. */
export interface OnePass {
  /** Sets of gradients there are arrays for. */
  readonly parts: number;
  /** The array of what is kept of a parameter or is `shared`; of parameters zeros at first. */
  array(kind: StateKind, name: string): DataArray;
  /** A parameter's gradient of a part of a batch, from 0; zeros at first. */
  gradient(part: number, name: string): Float32Array<ArrayBuffer>;
  /**
   * One step by the sum of the gradients of so many parts, which replaces those of the first; returns their global norm
   * before clipping. Blocks the event loop. `lossScale` is what gradients come multiplied by.
   */
  update(step: number, learningRate: number, emaDecay: number, parts: number, lossScale?: number): number;
  dispose(): Promise<void>;
}

/** The kind of what an optimizer keeps of all parameters together. */
export const sharedKind: StateKind = 'shared';

/** All that is kept of parameters besides their gradients, in the order of state files. */
export function stateKinds({ optimizer, ema }: Pick<UpdateRule, 'optimizer' | 'ema'>): readonly StateKind[] {
  const shared = optimizer.shared ? [sharedKind] : [];
  return ['parameter', ...optimizer.state, ...(ema ? ['ema'] : []), ...shared];
}

/** How a kind is kept of a parameter; null where it is not. */
export function formOf(optimizer: Optimizer, kind: StateKind, parameter: DeviceTensor): KeptForm | null {
  const own = optimizer.state.includes(kind) ? optimizer.form?.(kind, parameter) : undefined;
  return own === undefined ? plainForm(parameter) : own;
}

/** As the parameter itself is. */
export function plainForm({ shape, kernel }: DeviceTensor): KeptForm {
  return { type: 'float32', shape, ...(kernel && { kernel }) };
}

/** Bytes an optimizer keeps of these parameters. */
export function keptBytes(optimizer: Optimizer, parameters: readonly DeviceTensor[]): number {
  const bytes = (form: KeptForm | null): number =>
    form === null ? 0 : bytesPerElement[form.type] * elementCount(form.shape);
  return parameters.reduce(
    (sum, parameter) =>
      optimizer.state.reduce((total, kind) => total + bytes(formOf(optimizer, kind, parameter)), sum),
    0,
  );
}

/** What stands before a parameter's name in graphs: `first-moment/` for the kind `firstMoment`, `gradient/` for `gradient`. */
export function graphPrefix(kind: string): string {
  return `${kind.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}/`;
}
