import { dirname, join } from 'node:path';

import { makeFolder, removePartialWrites, writeFileAtomic } from '../files/atomic-file.ts';
import { type DataArray, elementCount } from '../graph/data-type.ts';
import type { Parameter } from '../models/parameter.ts';
import { deviceShape, fromDevice, toDevice } from '../models/parameter-layout.ts';
import { fusedAdamW } from '../optimizers/fused-adamw.ts';
import {
  buildOptimizer,
  type DeviceTensor,
  type OptimizerSettings,
  optimizerTensors,
} from '../optimizers/optimizer.ts';
import type { BoundRun, Runtime, Session, SessionOptions, Tensor } from '../runtime/runtime.ts';
import type { TrainingArtifacts } from './artifacts.ts';
import type { BatchParts } from './batch-parts.ts';
import { type BatchShape, partOf } from './batch-shape.ts';
import { createStepper, emptyState, prefixed, type State, type StateKind } from './stepper.ts';

/** The contents of every batch input of a shape's artifacts, by name. */
export type BatchData = Readonly<Record<string, DataArray>>;

export interface TrainerOptions {
  readonly runtime: Runtime;
  readonly optimizer: OptimizerSettings;
  readonly trainable: readonly Parameter[];
  /** Initial values of the trainable parameters, in the order of `trainable`; their arrays may be taken over. */
  readonly initial: (parameter: Parameter) => Promise<Float32Array<ArrayBuffer>>;
  readonly frozen: (parameter: Parameter) => Promise<Float32Array<ArrayBuffer>>;
  /**
   * Graphs for batches of one shape, which may be an equal part of a batch's rows. Asked for once for each; where tensors are
   * arrays, their gradients may come in any shape.
   */
  readonly artifacts: (shape: BatchShape) => TrainingArtifacts;
  /**
   * Into how many equal parts of its rows a batch is cut, which run side by side, each on its share of the threads. Every
   * batch input then has the rows as its first dimension, and the loss is a sum over them. Batches stay whole where it
   * is not given, where AdamW is the graph's or gradients are accumulated.
   */
  readonly parts?: BatchParts;
  readonly accumulate: boolean;
  /** Whether AdamW may run in one pass where tensors are arrays, which is the default, or always by its graph. */
  readonly fused?: boolean;
  /** Where the graphs are kept as `.onnx` files, for whoever wants to look at them or run them elsewhere. */
  readonly artifactFolder?: string;
  readonly sessionOptions?: SessionOptions;
}

export interface Trainer {
  readonly trainable: readonly Parameter[];
  /** Runs forward and backward; the first of a step replaces the gradients, later ones add to them. */
  backward(shape: BatchShape, batch: BatchData, first: boolean): Promise<number>;
  /** Applies the gradients; resolves to their global norm before clipping. */
  update(step: number, learningRate: number, emaDecay: number): Promise<number>;
  /** The loss of a batch with the averaged weights where there are some, else with the weights. */
  evaluate(shape: BatchShape, batch: BatchData): Promise<number>;
  readState(
    kind: StateKind,
    name: string,
    into: Float32Array<ArrayBuffer>,
  ): Promise<Float32Array<ArrayBuffer>>;
  writeState(kind: StateKind, name: string, data: Float32Array<ArrayBuffer>): void;
  dispose(): Promise<void>;
}

/** What runs a shape's batches, or one part of them. */
interface PartSessions {
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly loss: Tensor;
  readonly train: Session;
  /** Gradients in the shapes the graph gives them. */
  readonly views: readonly Tensor[];
  /** Bound to the sums that the optimizer reads, and to scratch gradients. */
  readonly first: BoundRun;
  readonly further: BoundRun | null;
  evaluation: { readonly session: Session; readonly run: BoundRun } | null;
}

interface ShapeSessions {
  readonly artifacts: TrainingArtifacts;
  readonly sessionOptions: SessionOptions;
  readonly parts: readonly PartSessions[];
}

/**
 * Holds the parameters, their moments and gradients where the device has them, and runs the training, optimizer and
 * evaluation graphs over them. Only batches go in and only losses come out between checkpoints.
 */
export async function createTrainer(options: TrainerOptions): Promise<Trainer> {
  const { runtime, optimizer } = options;
  const specs = new Map(options.trainable.map((spec) => [spec.name, spec]));
  const trainable = options.trainable.map((parameter) => ({
    name: parameter.name,
    shape: deviceShape(parameter),
  }));
  const state = emptyState();
  // Only on the CPU are tensors JavaScript's arrays.
  const mostParts = options.accumulate ? 1 : (options.parts?.most ?? 1);
  const fused =
    runtime.provider === 'cpu' && options.fused !== false
      ? fusedAdamW(trainable, optimizer, mostParts)
      : null;
  /** The arrays that gradients are, on the CPU. */
  const arrays = new Map<Tensor, Float32Array<ArrayBuffer>>();
  const gradientOver = (shape: readonly number[], array = new Float32Array(elementCount(shape))): Tensor => {
    const tensor = runtime.tensor('float32', shape, array);
    if (runtime.provider === 'cpu') arrays.set(tensor, array);
    return tensor;
  };
  const place = (
    kind: Exclude<keyof State, 'scratch'>,
    { name, shape }: DeviceTensor,
    values?: Float32Array<ArrayBuffer>,
  ): void => {
    const own = fused?.array(kind, name);
    if (values) own?.set(values);
    state[kind].set(
      name,
      kind === 'gradient' ? gradientOver(shape, own) : runtime.tensor('float32', shape, own ?? values),
    );
  };
  /** Gradients of a batch's first part, which are those that are applied, and of its further parts. */
  const gradients = [state.gradient];
  for (let part = 1; part < (fused?.parts ?? 1); part++)
    gradients.push(
      new Map(
        trainable.map(({ name, shape }) => [name, gradientOver(shape, fused!.partGradient(part, name))]),
      ),
    );
  let partsRun = 1;
  for (const spec of trainable) {
    const given = specs.get(spec.name)!;
    const initial = toDevice(given, await options.initial(given));
    if (optimizer.ema) place('ema', spec, initial.slice());
    place('parameter', spec, initial);
    place('firstMoment', spec);
    place('secondMoment', spec);
    place('gradient', spec);
    if (options.accumulate) state.scratch.set(spec.name, gradientOver(spec.shape));
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

  const openPart = async (
    artifacts: TrainingArtifacts,
    gradient: ReadonlyMap<string, Tensor>,
    sessionOptions: SessionOptions,
  ): Promise<PartSessions> => {
    const train = await runtime.createSession(artifacts.trainingModel, sessionOptions);
    const inputs = Object.fromEntries(
      artifacts.batch.map(({ name, type, shape }) => [name, runtime.tensor(type, shape)] as const),
    );
    const loss = runtime.tensor('float32', []);
    const views: Tensor[] = [];
    const inShape = (tensor: Tensor, shape: readonly number[]): Tensor => {
      const array = arrays.get(tensor);
      if (!array || shape.join() === tensor.shape.join()) return tensor;
      const view = runtime.tensor('float32', shape, array);
      views.push(view);
      return view;
    };
    const bind = (results: ReadonlyMap<string, Tensor>): BoundRun => {
      const shaped = [...results].map(
        ([name, tensor]) => [name, inShape(tensor, artifacts.gradientShapes.get(name)!)] as const,
      );
      return train.bind(
        { ...parametersOf(artifacts, state.parameter), ...inputs },
        { loss, ...prefixed(optimizerTensors.gradient, new Map(shaped)) },
      );
    };
    const further = options.accumulate ? bind(state.scratch) : null;
    return { inputs, loss, train, views, first: bind(gradient), further, evaluation: null };
  };
  const open = async (shape: BatchShape): Promise<ShapeSessions> => {
    const count = Math.min(options.parts?.of(shape) ?? 1, gradients.length);
    const artifacts = options.artifacts(partOf(shape, count));
    for (const spec of artifacts.frozen) {
      if (frozen.has(spec.name)) continue;
      const values = toDevice(spec, await options.frozen(spec));
      frozen.set(spec.name, runtime.tensor('float32', deviceShape(spec), values));
    }
    const artifactFolder = count > 1 ? `${shapeKey(shape)}-in-${count}` : shapeKey(shape);
    await keepArtifact(options, join(artifactFolder, 'training_model.onnx'), artifacts.trainingModel);
    await keepArtifact(options, join(artifactFolder, 'eval_model.onnx'), artifacts.evalModel);
    const sessionOptions: SessionOptions = {
      ...(count > 1 && { threads: Math.max(1, Math.floor(runtime.threads / count)) }),
      ...options.sessionOptions,
    };
    const parts = await Promise.all(
      gradients.slice(0, count).map((gradient) => openPart(artifacts, gradient, sessionOptions)),
    );
    return { artifacts, sessionOptions, parts };
  };
  const shapeSessions = (shape: BatchShape): Promise<ShapeSessions> => {
    const key = shapeKey(shape);
    let found = shapes.get(key);
    if (!found) shapes.set(key, (found = open(shape)));
    return found;
  };
  const fill = ({ parts }: ShapeSessions, batch: BatchData): void => {
    parts.forEach(({ inputs }, part) => {
      for (const [name, tensor] of Object.entries(inputs)) {
        const data = batch[name]!;
        const share = data.length / parts.length;
        tensor.write(data.subarray(part * share, (part + 1) * share));
      }
    });
  };
  const lossOf = async ({ parts }: ShapeSessions): Promise<number> => {
    let sum = 0;
    for (const { loss } of parts) sum += (await loss.read(new Float32Array(1)))[0]!;
    return sum;
  };

  return {
    trainable: options.trainable,
    backward: async (shape, batch, first) => {
      const sessions = await shapeSessions(shape);
      fill(sessions, batch);
      await allSettled(sessions.parts.map((part) => (first ? part.first : part.further!).run()));
      if (!first) await stepper.accumulate!.run();
      partsRun = sessions.parts.length;
      return lossOf(sessions);
    },
    update: (step, learningRate, emaDecay) => stepper.update(step, learningRate, emaDecay, partsRun),
    evaluate: async (shape, batch) => {
      const sessions = await shapeSessions(shape);
      fill(sessions, batch);
      const { artifacts, sessionOptions, parts } = sessions;
      const weights = parametersOf(artifacts, optimizer.ema ? state.ema : state.parameter);
      await allSettled(
        parts.map(async (part) => {
          if (!part.evaluation) {
            const session = await runtime.createSession(artifacts.evalModel, sessionOptions);
            const run = session.bind({ ...weights, ...part.inputs }, { loss: part.loss });
            part.evaluation = { session, run };
          }
          await part.evaluation.run.run();
        }),
      );
      return lossOf(sessions);
    },
    readState: async (kind, name, into) => {
      into.set(fromDevice(specs.get(name)!, await state[kind].get(name)!.read(into)));
      return into;
    },
    writeState: (kind, name, data) => {
      state[kind].get(name)!.write(toDevice(specs.get(name)!, data));
    },
    dispose: async () => {
      for (const opening of shapes.values()) {
        const opened = await opening.catch(() => null);
        if (!opened) continue;
        for (const { first, further, evaluation, train, inputs, loss, views } of opened.parts) {
          for (const run of [first, further, evaluation?.run]) run?.dispose();
          await train.dispose();
          await evaluation?.session.dispose();
          for (const tensor of [...Object.values(inputs), loss, ...views]) tensor.dispose();
        }
      }
      await stepper.dispose();
      for (const tensors of [...Object.values(state), ...gradients.slice(1), frozen])
        for (const tensor of tensors.values()) tensor.dispose();
    },
  };
}

/** Waits for all, so that none still writes when the first failure is thrown. */
async function allSettled(runs: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(runs)) if (result.status === 'rejected') throw result.reason;
}

/** Names a shape among those of a run: `4x64x64`. */
function shapeKey({ rows, size }: BatchShape): string {
  return [rows, ...(size ? [size.height, size.width] : [])].join('x');
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
