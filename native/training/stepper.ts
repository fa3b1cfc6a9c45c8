import { allocate, type DataArray, elementCount } from '../graph/data-type.ts';
import type { FusedAdamW } from '../optimizers/fused-adamw.ts';
import {
  buildAccumulator,
  buildOptimizer,
  type DeviceTensor,
  optimizerScalars,
  type OptimizerSettings,
  optimizerTensors,
  scalarInputs,
} from '../optimizers/optimizer.ts';
import type { BoundRun, Runtime, Session, SessionOptions, Tensor } from '../runtime/runtime.ts';

/** What of a parameter can be read and restored. */
export const stateKinds = ['parameter', 'firstMoment', 'secondMoment', 'ema'] as const;
export type StateKind = (typeof stateKinds)[number];

/** Tensors of each kind by the parameter's name. */
export type State = Readonly<Record<StateKind | 'gradient' | 'scratch', Map<string, Tensor>>>;

export const emptyState = (): State => ({
  parameter: new Map(),
  firstMoment: new Map(),
  secondMoment: new Map(),
  ema: new Map(),
  gradient: new Map(),
  scratch: new Map(),
});

export function prefixed(prefix: string, tensors: ReadonlyMap<string, Tensor>): Record<string, Tensor> {
  return Object.fromEntries([...tensors].map(([name, tensor]) => [prefix + name, tensor]));
}

export interface StepperOptions {
  readonly runtime: Runtime;
  readonly trainable: readonly DeviceTensor[];
  readonly optimizer: OptimizerSettings;
  readonly state: State;
  /** Over the arrays that the state's tensors are; without it, the optimizer graph serves. */
  readonly fused: FusedAdamW | null;
  readonly accumulate: boolean;
}

export interface Stepper {
  /** Applies the gradients, of so many parts; resolves to their global norm before clipping. */
  update(step: number, learningRate: number, emaDecay: number, parts: number): Promise<number>;
  /** Adds the scratch gradients to the gradients. */
  readonly accumulate: BoundRun | null;
  dispose(): Promise<void>;
}

/** At Stable Diffusion's 686 weights of a UNet, optimizing AdamW's graph would take 17 s and making it faster none. */
const elementwise: SessionOptions = { optimize: false };

/** What applies gradients to a state, in place. */
export async function createStepper(options: StepperOptions): Promise<Stepper> {
  const { fused } = options;
  const accumulator = options.accumulate ? await createAccumulator(options) : null;
  const updater = fused
    ? {
        update: (...step: Parameters<Stepper['update']>) => Promise.resolve(fused.update(...step)),
        dispose: () => fused.dispose(),
      }
    : await createUpdater(options);
  return {
    accumulate: accumulator?.run ?? null,
    update: updater.update,
    dispose: async () => {
      await updater.dispose();
      accumulator?.run.dispose();
      await accumulator?.session.dispose();
    },
  };
}

async function createAccumulator({
  runtime,
  trainable,
  state,
}: StepperOptions): Promise<{ readonly session: Session; readonly run: BoundRun }> {
  const session = await runtime.createSession(buildAccumulator(trainable), elementwise);
  const sums = prefixed('sum/', state.gradient);
  const further = prefixed('gradient/', state.scratch);
  const replaced = prefixed('new/sum/', state.gradient);
  return { session, run: bindInPlace(runtime, session, { ...sums, ...further }, replaced) };
}

/** The optimizer graph over the state, written in place where the runtime allows, else by turns with a second set. */
async function createUpdater({
  runtime,
  trainable,
  optimizer,
  state,
}: StepperOptions): Promise<Omit<Stepper, 'accumulate'>> {
  const session = await runtime.createSession(buildOptimizer(trainable, optimizer), elementwise);
  const scalars = Object.fromEntries(scalarInputs.map((name) => [name, runtime.tensor('float32', [])]));
  const norm = runtime.tensor('float32', []);
  const kinds = stateKinds.filter((kind) => kind !== 'ema' || optimizer.ema);
  const inputs = Object.assign(
    { ...scalars, ...prefixed(optimizerTensors.gradient, state.gradient) },
    ...kinds.map((kind) => prefixed(optimizerTensors[kind], state[kind])),
  ) as Record<string, Tensor>;
  const outputs = Object.assign(
    { 'gradient-norm': norm },
    ...kinds.map((kind) => prefixed(`new/${optimizerTensors[kind]}`, state[kind])),
  ) as Record<string, Tensor>;
  const run = bindInPlace(runtime, session, inputs, outputs);
  const single = new Float32Array(1);
  return {
    update: async (step, learningRate, emaDecay) => {
      const values = optimizerScalars(optimizer, step, learningRate, emaDecay);
      for (const name of scalarInputs) scalars[name]!.write(single.fill(values[name]));
      await run.run();
      return (await norm.read(single))[0]!;
    },
    dispose: async () => {
      run.dispose();
      await session.dispose();
      for (const tensor of [...Object.values(scalars), norm]) tensor.dispose();
    },
  };
}

/**
 * Binds a graph whose outputs replace inputs. Where the runtime cannot write over an input, results land in a second
 * set of tensors and are copied back.
 */
function bindInPlace(
  runtime: Runtime,
  session: Session,
  inputs: Readonly<Record<string, Tensor>>,
  outputs: Readonly<Record<string, Tensor>>,
): BoundRun {
  const inputTensors = new Set(Object.values(inputs));
  if (runtime.runsInPlace) return session.bind(inputs, outputs);
  const pairs: { readonly target: Tensor; readonly result: Tensor; readonly host: DataArray }[] = [];
  const replaced = Object.entries(outputs).map(([name, target]) => {
    if (!inputTensors.has(target)) return [name, target] as const;
    const result = runtime.tensor(target.type, target.shape);
    pairs.push({ target, result, host: allocate(target.type, elementCount(target.shape)) });
    return [name, result] as const;
  });
  const bound = session.bind(inputs, Object.fromEntries(replaced));
  return {
    run: async () => {
      await bound.run();
      for (const { target, result, host } of pairs) target.write(await result.read(host));
    },
    dispose: () => {
      bound.dispose();
      for (const { result } of pairs) result.dispose();
    },
  };
}
