import { allocate, type DataArray, elementCount } from '../graph/data-type.ts';
import type { Parameter } from '../models/parameter.ts';
import { deviceShape, layOutInPlace } from '../models/parameter-layout.ts';
import {
  type DeviceTensor,
  type OnePass,
  sharedKind,
  type StateKind,
  stateKinds,
  type UpdateRule,
} from '../optimizers/optimizer.ts';
import type { Runtime, Tensor } from '../runtime/runtime.ts';
import { keptLength, type KeptTensor, keptTensors } from './kept-tensors.ts';
import type { State, Tensors } from './stepper.ts';

export interface TrainedStateOptions {
  readonly runtime: Runtime;
  readonly rule: UpdateRule;
  readonly trainable: readonly Parameter[];
  /** Initial values of the trainable parameters, in the order of `trainable`; their arrays may be taken over. */
  readonly initial: (parameter: Parameter) => Promise<Float32Array<ArrayBuffer>>;
  readonly accumulate: boolean;
  /**
   * Whether weights are updated during the backward pass, each as soon as nothing reads it any more, so that gradients are never all
   * there: then each is clipped by its own norm. It needs graphs in stages, tensors that are arrays and an optimizer that looks
   * at one parameter at a time; nothing is accumulated, and losses are not scaled.
   */
  readonly fused?: boolean;
  /** Whether the optimizer may run in one pass where tensors are arrays, which is the default, or always by its graph. */
  readonly onePass?: boolean;
  /** Whether the update's graph is run parameter by parameter; by default of large models, where it can be. */
  readonly piecewise?: boolean;
}

/** The tensors of what is trained, where the device has them. */
export interface TrainedState extends State {
  /** What is trained, as graphs take it. */
  readonly trainable: readonly DeviceTensor[];
  /** All that is in `kept`, in the order of state files. */
  readonly keptTensors: readonly KeptTensor[];
  /** What losses are multiplied by before they are differentiated, where the rule says that they are. */
  readonly lossScale: Tensor | null;
  /** Gradients of a batch's parts: those of the first, which are `gradient`, and of its further ones. */
  readonly gradients: readonly Tensors[];
  /** Where the optimizer runs in one pass: over the arrays that the tensors are. */
  readonly onePass: OnePass | null;
  /** A gradient in a shape its graph gives it, to be disposed of; null where it has that shape, or is no array. */
  readonly viewOf: (gradient: Tensor, shape: readonly number[]) => Tensor | null;
  /** Does what changes all that is kept, and puts that back as it was before the first step. */
  asBegun(work: () => Promise<void>): Promise<void>;
  dispose(): void;
}

/** Places parameters, averages, the optimizer's tensors and gradients. @param mostParts sets of gradients */
export async function placeState(options: TrainedStateOptions, mostParts: number): Promise<TrainedState> {
  const { runtime, rule } = options;
  const trainable = options.trainable.map((parameter) => ({
    name: parameter.name,
    shape: deviceShape(parameter),
    ...(parameter.layout === 'taps-first' && { kernel: parameter.shape }),
    ...(parameter.adapter?.part === 'up' && { isUp: true }),
  }));
  const onePass =
    runtime.tensorsAreArrays && options.onePass !== false && !options.fused
      ? (rule.optimizer.onePass?.(trainable, rule, mostParts) ?? null)
      : null;
  const gradient = gradientMaker(runtime);
  const kept = new Map<StateKind, Map<string, Tensor>>(stateKinds(rule).map((kind) => [kind, new Map()]));
  const listed = keptTensors(trainable, rule);
  const place = ({ kind, name, form }: KeptTensor, values: DataArray | undefined): void => {
    const own = onePass?.array(kind, name);
    if (values) own?.set(values as never);
    kept.get(kind)!.set(name, runtime.tensor(form.type, form.shape, own ?? values));
  };
  const layOut = layOutInPlace();
  const ofParameter = Map.groupBy(listed, ({ name }) => name);
  for (const parameter of options.trainable) {
    const initial = layOut(parameter, await options.initial(parameter));
    for (const tensor of ofParameter.get(parameter.name)!) place(tensor, firstValues(tensor, initial));
  }
  for (const tensor of listed)
    if (tensor.kind === sharedKind) place(tensor, firstValues(tensor, new Float32Array(1)));
  const gradientsOver = (array: (name: string) => Float32Array<ArrayBuffer> | undefined): Tensors =>
    new Map(trainable.map(({ name, shape }) => [name, gradient.make(shape, array(name))]));
  const first: Tensors = options.fused ? new Map() : gradientsOver((name) => onePass?.gradient(0, name));
  const gradients = [first];
  for (let part = 1; part < (onePass?.parts ?? 1); part++)
    gradients.push(gradientsOver((name) => onePass?.gradient(part, name)));
  const scratch: Tensors = options.accumulate ? gradientsOver(() => undefined) : new Map();
  const lossScale = rule.scalesLoss ? runtime.tensor('float32', [], Float32Array.of(1)) : null;
  return {
    trainable,
    kept,
    lossScale,
    keptTensors: listed,
    gradient: first,
    gradients,
    scratch,
    onePass,
    viewOf: gradient.viewOf,
    asBegun: async (work) => {
      const values = new Map<string, Float32Array<ArrayBuffer>>();
      for (const [name, tensor] of kept.get('parameter')!)
        values.set(name, await tensor.read(new Float32Array(elementCount(tensor.shape))));
      await work();
      for (const one of listed) {
        const { kind, name, form } = one;
        const first = firstValues(one, values.get(name) ?? new Float32Array(1));
        kept
          .get(kind)!
          .get(name)!
          .write(first ?? allocate(form.type, keptLength(form)));
      }
    },
    dispose: () => {
      lossScale?.dispose();
      for (const tensors of [...kept.values(), ...gradients, scratch])
        for (const tensor of tensors.values()) tensor.dispose();
    },
  };
}

/** What a tensor holds before the first step; undefined for zeros. `initial` itself is the parameter's, others get a copy. */
function firstValues({ kind, form }: KeptTensor, initial: Float32Array<ArrayBuffer>): DataArray | undefined {
  if (kind === 'parameter') return initial;
  if (kind === 'ema' || form.begins === 'parameter') return initial.slice();
  return form.begins ? allocate(form.type, keptLength(form)).fill(form.begins) : undefined;
}

/** Makes gradients, and further tensors over the arrays that they are, where tensors are arrays. */
function gradientMaker(runtime: Runtime): {
  make: (shape: readonly number[], array?: Float32Array<ArrayBuffer>) => Tensor;
  viewOf: TrainedState['viewOf'];
} {
  const arrays = new Map<Tensor, Float32Array<ArrayBuffer>>();
  return {
    make: (shape, array = new Float32Array(elementCount(shape))) => {
      const tensor = runtime.tensor('float32', shape, array);
      if (runtime.tensorsAreArrays) arrays.set(tensor, array);
      return tensor;
    },
    viewOf: (tensor, shape) => {
      const array = arrays.get(tensor);
      if (!array || shape.join() === tensor.shape.join()) return null;
      return runtime.tensor('float32', shape, array);
    },
  };
}
