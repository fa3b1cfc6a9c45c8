import { dirname, join } from 'node:path';

import { allocate, elementCount, type DataArray } from '../graph/data-type.ts';
import type { ParameterSpec } from '../models/model-builder.ts';
import type { BoundRun, HostTensor, Runtime, Session, SessionOptions, Tensor } from '../runtime/runtime.ts';
import { makeFolder, removePartialWrites, writeFileAtomic } from '../weights/atomic-file.ts';
import type { TrainingArtifacts } from './artifacts.ts';
import {
  buildAccumulator,
  buildOptimizer,
  optimizerScalars,
  optimizerTensors,
  pieces,
  scalarInputs,
  type OptimizerSettings,
} from './optimizer.ts';

/** The contents of every batch input of a shape's artifacts, by name. */
export type BatchData = Readonly<Record<string, DataArray>>;

export interface TrainerOptions {
  readonly runtime: Runtime;
  readonly optimizer: OptimizerSettings;
  readonly trainable: readonly ParameterSpec[];
  /** Initial values of the trainable parameters, in the order of `trainable`; taken over, not copied, on the CPU. */
  readonly initial: (spec: ParameterSpec) => Promise<Float32Array<ArrayBuffer>>;
  readonly frozen: (spec: ParameterSpec) => Promise<HostTensor>;
  /** Graphs for batches of one shape, by its key. */
  readonly artifacts: (shapeKey: string) => TrainingArtifacts;
  readonly accumulate: boolean;
  /** Where the graphs are kept as `.onnx` files, for whoever wants to look at them or run them elsewhere. */
  readonly artifactFolder?: string;
  readonly sessionOptions?: SessionOptions;
}

/** What of a parameter can be read and restored. */
export const stateKinds = ['parameter', 'firstMoment', 'secondMoment', 'ema'] as const;
export type StateKind = (typeof stateKinds)[number];

export interface Trainer {
  readonly trainable: readonly ParameterSpec[];
  /** Runs forward and backward; the first of a step replaces the gradients, later ones add to them. */
  backward(shapeKey: string, batch: BatchData, first: boolean): Promise<number>;
  /** Applies the gradients; resolves to their global norm before clipping. */
  update(step: number, learningRate: number, emaDecay: number): Promise<number>;
  /** The loss of a batch with the averaged weights where there are some, else with the weights. */
  evaluate(shapeKey: string, batch: BatchData): Promise<number>;
  readState(
    kind: StateKind,
    name: string,
    into: Float32Array<ArrayBuffer>,
  ): Promise<Float32Array<ArrayBuffer>>;
  writeState(kind: StateKind, name: string, data: Float32Array<ArrayBuffer>): void;
  dispose(): Promise<void>;
}

interface ShapeSessions {
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly loss: Tensor;
  readonly train: Session;
  /** Bound to the sums that the optimizer reads, and to scratch gradients. */
  readonly first: BoundRun;
  readonly further: BoundRun | null;
  readonly artifacts: TrainingArtifacts;
  evaluation: { readonly session: Session; readonly run: BoundRun } | null;
}

/**
 * Holds the parameters, their moments and gradients where the device has them, and runs the training, optimizer and
 * evaluation graphs over them. Only batches go in and only losses come out between checkpoints.
 */
export async function createTrainer(options: TrainerOptions): Promise<Trainer> {
  const { runtime, trainable, optimizer } = options;
  const state = emptyState();
  // Only on the CPU do tensors over parts of an array share its memory.
  const steps = runtime.provider === 'cpu' ? pieces(trainable) : null;
  const stepState = steps ? emptyState() : state;
  const piecesOf = Map.groupBy(steps ?? [], ({ parameter }) => parameter);
  const place = (
    kind: keyof State,
    { name, shape }: ParameterSpec,
    values?: Float32Array<ArrayBuffer>,
  ): void => {
    const data = values ?? (steps ? new Float32Array(elementCount(shape)) : undefined);
    state[kind].set(name, runtime.tensor('float32', shape, data));
    for (const piece of piecesOf.get(name) ?? []) {
      const part = data!.subarray(piece.begin, piece.end);
      stepState[kind].set(piece.name, runtime.tensor('float32', piece.shape, part));
    }
  };
  for (const spec of trainable) {
    const initial = await options.initial(spec);
    if (optimizer.ema) place('ema', spec, initial.slice());
    place('parameter', spec, initial);
    place('firstMoment', spec);
    place('secondMoment', spec);
    place('gradient', spec);
    if (options.accumulate) place('scratch', spec);
  }
  const frozen = new Map<string, Tensor>();
  const shapes = new Map<string, Promise<ShapeSessions>>();
  const stepper = await createStepper(options, steps ?? trainable, stepState);

  const parametersOf = (
    artifacts: TrainingArtifacts,
    weights: ReadonlyMap<string, Tensor>,
  ): Record<string, Tensor> =>
    Object.fromEntries([
      ...artifacts.trainable.map(({ name }) => [name, weights.get(name)!] as const),
      ...artifacts.frozen.map(({ name }) => [name, frozen.get(name)!] as const),
    ]);

  const open = async (shapeKey: string): Promise<ShapeSessions> => {
    const artifacts = options.artifacts(shapeKey);
    for (const spec of artifacts.frozen) {
      if (frozen.has(spec.name)) continue;
      const { type, shape, data } = await options.frozen(spec);
      frozen.set(spec.name, runtime.tensor(type, shape, data));
    }
    await keepArtifact(options, join(shapeKey, 'training_model.onnx'), artifacts.trainingModel);
    await keepArtifact(options, join(shapeKey, 'eval_model.onnx'), artifacts.evalModel);
    const train = await runtime.createSession(artifacts.trainingModel, options.sessionOptions);
    const batch = artifacts.batch.map(
      ({ name, type, shape }) => [name, runtime.tensor(type, shape)] as const,
    );
    const inputs = Object.fromEntries(batch);
    const loss = runtime.tensor('float32', []);
    const bind = (gradients: ReadonlyMap<string, Tensor>): BoundRun =>
      train.bind(
        { ...parametersOf(artifacts, state.parameter), ...inputs },
        { loss, ...prefixed(optimizerTensors.gradient, gradients) },
      );
    return {
      inputs,
      loss,
      train,
      first: bind(state.gradient),
      further: options.accumulate ? bind(state.scratch) : null,
      artifacts,
      evaluation: null,
    };
  };
  const shapeSessions = (shapeKey: string): Promise<ShapeSessions> => {
    let found = shapes.get(shapeKey);
    if (!found) shapes.set(shapeKey, (found = open(shapeKey)));
    return found;
  };
  const fill = ({ inputs }: ShapeSessions, batch: BatchData): void => {
    for (const [name, tensor] of Object.entries(inputs)) tensor.write(batch[name]!);
  };
  const scalar = new Float32Array(1);

  return {
    trainable,
    backward: async (shapeKey, batch, first) => {
      const shape = await shapeSessions(shapeKey);
      fill(shape, batch);
      await (first ? shape.first : shape.further!).run();
      if (!first) await stepper.accumulate!.run();
      return (await shape.loss.read(scalar))[0]!;
    },
    update: (step, learningRate, emaDecay) => stepper.update(step, learningRate, emaDecay),
    evaluate: async (shapeKey, batch) => {
      const shape = await shapeSessions(shapeKey);
      fill(shape, batch);
      if (!shape.evaluation) {
        const session = await runtime.createSession(shape.artifacts.evalModel, options.sessionOptions);
        const weights = parametersOf(shape.artifacts, optimizer.ema ? state.ema : state.parameter);
        shape.evaluation = {
          session,
          run: session.bind({ ...weights, ...shape.inputs }, { loss: shape.loss }),
        };
      }
      await shape.evaluation.run.run();
      return (await shape.loss.read(scalar))[0]!;
    },
    readState: (kind, name, into) => state[kind].get(name)!.read(into),
    writeState: (kind, name, data) => {
      state[kind].get(name)!.write(data);
    },
    dispose: async () => {
      for (const opening of shapes.values()) {
        const opened = await opening.catch(() => null);
        if (!opened) continue;
        const { first, further, evaluation, train, inputs, loss } = opened;
        for (const run of [first, further, evaluation?.run]) run?.dispose();
        await train.dispose();
        await evaluation?.session.dispose();
        for (const tensor of [...Object.values(inputs), loss]) tensor.dispose();
      }
      await stepper.dispose();
      for (const tensors of [...Object.values(state), ...(steps ? Object.values(stepState) : []), frozen])
        for (const tensor of tensors.values()) tensor.dispose();
    },
  };
}

/** Tensors of each kind by the parameter's name, or its piece's. */
type State = Readonly<Record<StateKind | 'gradient' | 'scratch', Map<string, Tensor>>>;

const emptyState = (): State => ({
  parameter: new Map(),
  firstMoment: new Map(),
  secondMoment: new Map(),
  ema: new Map(),
  gradient: new Map(),
  scratch: new Map(),
});

async function keepArtifact(
  { artifactFolder }: TrainerOptions,
  name: string,
  model: Uint8Array,
): Promise<void> {
  if (artifactFolder === undefined) return;
  const path = join(artifactFolder, name);
  await makeFolder(dirname(path));
  await removePartialWrites(dirname(path));
  await writeFileAtomic(path, model);
}

function prefixed(prefix: string, tensors: ReadonlyMap<string, Tensor>): Record<string, Tensor> {
  return Object.fromEntries([...tensors].map(([name, tensor]) => [prefix + name, tensor]));
}

interface Stepper {
  update(step: number, learningRate: number, emaDecay: number): Promise<number>;
  readonly accumulate: BoundRun | null;
  dispose(): Promise<void>;
}

/** At Stable Diffusion's 686 weights of a UNet, optimizing AdamW's graph would take 17 s and making it faster none. */
const elementwise: SessionOptions = { optimize: false };

/** The optimizer graph over the state, written in place where the runtime allows, else by turns with a second set. */
async function createStepper(
  options: TrainerOptions,
  trainable: readonly ParameterSpec[],
  state: State,
): Promise<Stepper> {
  const { runtime, optimizer, accumulate } = options;
  const model = buildOptimizer(trainable, optimizer);
  await keepArtifact(options, 'optimizer_model.onnx', model);
  const session = await runtime.createSession(model, elementwise);
  const scalars = Object.fromEntries(scalarInputs.map((name) => [name, runtime.tensor('float32', [])]));
  const norm = runtime.tensor('float32', []);
  const kinds = [
    'parameter',
    'firstMoment',
    'secondMoment',
    ...(optimizer.ema ? (['ema'] as const) : []),
  ] as const;
  const inputs = Object.assign(
    { ...scalars, ...prefixed(optimizerTensors.gradient, state.gradient) },
    ...kinds.map((kind) => prefixed(optimizerTensors[kind], state[kind])),
  ) as Record<string, Tensor>;
  const outputs = Object.assign(
    { 'gradient-norm': norm },
    ...kinds.map((kind) => prefixed(`new/${optimizerTensors[kind]}`, state[kind])),
  ) as Record<string, Tensor>;
  const run = bindInPlace(runtime, session, inputs, outputs);

  let accumulator: { readonly session: Session; readonly run: BoundRun } | null = null;
  if (accumulate) {
    const adder = await runtime.createSession(buildAccumulator(trainable), elementwise);
    const sums = prefixed('sum/', state.gradient);
    const further = prefixed('gradient/', state.scratch);
    const bound = bindInPlace(runtime, adder, { ...sums, ...further }, prefixed('new/sum/', state.gradient));
    accumulator = { session: adder, run: bound };
  }
  const single = new Float32Array(1);
  return {
    accumulate: accumulator?.run ?? null,
    update: async (step, learningRate, emaDecay) => {
      const values = optimizerScalars(optimizer, step, learningRate, emaDecay);
      for (const name of scalarInputs) scalars[name]!.write(single.fill(values[name]));
      await run.run();
      return (await norm.read(single))[0]!;
    },
    dispose: async () => {
      run.dispose();
      accumulator?.run.dispose();
      await session.dispose();
      await accumulator?.session.dispose();
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
