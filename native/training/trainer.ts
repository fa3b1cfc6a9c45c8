import { dirname, join } from 'node:path';

import type { DataArray } from '../graph/data-type.ts';
import type { ParameterSpec } from '../models/model-builder.ts';
import type { BoundRun, HostTensor, Runtime, Session, SessionOptions, Tensor } from '../runtime/runtime.ts';
import { makeFolder, removePartialWrites, writeFileAtomic } from '../weights/atomic-file.ts';
import type { TrainingArtifacts } from './artifacts.ts';
import { fusedAdamW } from './fused-adamw.ts';
import { buildOptimizer, optimizerTensors, type OptimizerSettings } from './optimizer.ts';
import { createStepper, emptyState, prefixed, type State, type StateKind } from './stepper.ts';

/** The contents of every batch input of a shape's artifacts, by name. */
export type BatchData = Readonly<Record<string, DataArray>>;

export interface TrainerOptions {
  readonly runtime: Runtime;
  readonly optimizer: OptimizerSettings;
  readonly trainable: readonly ParameterSpec[];
  /** Initial values of the trainable parameters, in the order of `trainable`; their arrays may be taken over. */
  readonly initial: (spec: ParameterSpec) => Promise<Float32Array<ArrayBuffer>>;
  readonly frozen: (spec: ParameterSpec) => Promise<HostTensor>;
  /** Graphs for batches of one shape, by its key. */
  readonly artifacts: (shapeKey: string) => TrainingArtifacts;
  readonly accumulate: boolean;
  /** Whether AdamW may run in one pass where tensors are arrays, which is the default, or always by its graph. */
  readonly fused?: boolean;
  /** Where the graphs are kept as `.onnx` files, for whoever wants to look at them or run them elsewhere. */
  readonly artifactFolder?: string;
  readonly sessionOptions?: SessionOptions;
}

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
  // Only on the CPU are tensors JavaScript's arrays.
  const fused =
    runtime.provider === 'cpu' && options.fused !== false ? fusedAdamW(trainable, optimizer) : null;
  const place = (
    kind: keyof State,
    { name, shape }: ParameterSpec,
    values?: Float32Array<ArrayBuffer>,
  ): void => {
    const own = fused && kind !== 'scratch' ? fused.array(kind, name) : null;
    if (values) own?.set(values);
    state[kind].set(name, runtime.tensor('float32', shape, own ?? values));
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
  await keepArtifact(options, 'optimizer_model.onnx', buildOptimizer(trainable, optimizer));
  const { accumulate } = options;
  const stepper = await createStepper({ runtime, trainable, optimizer, state, fused, accumulate });

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
      for (const tensors of [...Object.values(state), frozen])
        for (const tensor of tensors.values()) tensor.dispose();
    },
  };
}

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
