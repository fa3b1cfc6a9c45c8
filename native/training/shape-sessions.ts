import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import type { DataArray } from '../graph/data-type.ts';
import type { Parameter } from '../models/parameter.ts';
import { layOutInPlace } from '../models/parameter-layout.ts';
import { type ReadWeight, weightTensor } from '../models/weight-tensor.ts';
import type { BoundRun, Runtime, SessionOptions, Tensor } from '../runtime/runtime.ts';
import { createStageSessions, type StageSessions } from '../stages/run.ts';
import { lossScaleInput, type TrainingArtifacts } from './artifacts.ts';
import type { BatchParts } from './batch-parts.ts';
import { type BatchShape, partOf, shareOf } from './batch-shape.ts';
import { type Begun, begun, done } from './begun.ts';
import type { FusedUpdates } from './fused-backward.ts';
import { keepArtifact } from './keep-artifact.ts';
import { type OpenLoss, openStaged, openWhole } from './open-loss.ts';
import type { Tensors } from './stepper.ts';
import type { TrainedState } from './trained-state.ts';

/** The contents of every batch input of a shape's artifacts, by name. */
export type BatchData = Readonly<Record<string, DataArray>>;

export interface ShapeOptions {
  readonly runtime: Runtime;
  readonly frozen: ReadWeight<Parameter>;
  /**
   * Graphs for batches of one shape, which may be an equal part of a batch's rows. Asked for once for each; where tensors are
   * arrays, their gradients may come in any shape.
   */
  readonly artifacts: (shape: BatchShape) => TrainingArtifacts;
  /**
   * Into how many equal parts of its rows a batch is cut, which run side by side, each on its share of the threads. Every
   * batch input then has the rows as its first dimension, and the loss is a sum over them. Batches stay whole where it
   * is not given, where the optimizer is run as a graph or gradients are accumulated.
   */
  readonly parts?: BatchParts;
  readonly accumulate: boolean;
  /** Where the graphs are kept as `.onnx` files, for whoever wants to look at them or run them elsewhere. */
  readonly artifactFolder?: string;
  readonly sessionOptions?: SessionOptions;
}

/** What runs a shape's batches, or one part of them. */
interface PartSessions {
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly loss: Tensor;
  readonly opened: OpenLoss;
  /** Gradients in the shapes the graph gives them. */
  readonly views: readonly Tensor[];
  /** Bound to the gradients that are applied, and to scratch gradients. */
  readonly first: BoundRun;
  readonly further: BoundRun | null;
  evaluation: BoundRun | null;
}

/** The graphs of one shape of batches, over the state. */
export interface ShapeSessions {
  readonly parts: number;
  /**
   * The first batch of a step replaces the gradients, a further one replaces the scratch gradients; comes to the loss. Where the
   * runtime keeps order and the graph is whole, this resolves before that is computed.
   */
  backward(batch: BatchData, first: boolean): Promise<Begun>;
  /** The loss with these values of the trained parameters, the same at every call. */
  evaluate(batch: BatchData, weights: Tensors): Promise<number>;
  dispose(): Promise<void>;
}

/** Opens the graphs of each shape once, when it is first asked for. */
export function createShapeSessions(
  options: ShapeOptions,
  state: TrainedState,
  fused: FusedUpdates | null = null,
) {
  const frozen = new Map<string, Tensor>();
  const opened = new Map<string, Promise<ShapeSessions>>();
  // Modules of one size recur in batches of another: halves of pictures twice as large, and text encoders in all. Parts of a batch
  // run side by side, so that each has memory of its own for what its stages keep.
  const stages = Array.from({ length: options.parts?.most ?? 1 }, () =>
    createStageSessions(options.runtime, options.sessionOptions),
  );
  return {
    isOpen: (shape: BatchShape): boolean => opened.has(shapeKey(shape)),
    of: (shape: BatchShape): Promise<ShapeSessions> => {
      const key = shapeKey(shape);
      let found = opened.get(key);
      if (!found) opened.set(key, (found = openShape(shape, options, { ...state, fused }, frozen, stages)));
      return found;
    },
    dispose: async (): Promise<void> => {
      for (const opening of opened.values()) await (await opening.catch(() => null))?.dispose();
      for (const ofPart of stages) await ofPart.dispose();
      for (const tensor of frozen.values()) tensor.dispose();
    },
  };
}

interface UpdatedState extends TrainedState {
  readonly fused: FusedUpdates | null;
}

async function openShape(
  shape: BatchShape,
  options: ShapeOptions,
  state: UpdatedState,
  frozen: Map<string, Tensor>,
  stagesOfParts: readonly StageSessions[],
): Promise<ShapeSessions> {
  const { runtime, artifactFolder } = options;
  const count = Math.min(options.parts?.of(shape) ?? 1, state.gradients.length);
  const artifacts = options.artifacts(partOf(shape, count));
  const name = count > 1 ? `${shapeKey(shape)}-in-${count}` : shapeKey(shape);
  await keepArtifact(artifactFolder, join(name, 'training_model.onnx'), artifacts.trainingModel);
  await keepArtifact(artifactFolder, join(name, 'eval_model.onnx'), artifacts.evalModel);
  const sessionOptions: SessionOptions = {
    ...(count > 1 && { threads: Math.max(1, Math.floor(runtime.threads / count)) }),
    ...options.sessionOptions,
  };
  const { differentiated } = artifacts;
  const { staged } = differentiated;
  const open = (_: unknown, part: number): Promise<OpenLoss> =>
    staged
      ? openStaged(differentiated, staged, stagesOfParts[part]!)
      : openWhole(runtime, artifacts, sessionOptions, options.accumulate ? 2 : 1);
  const placing = placeFrozen(artifacts, options, frozen);
  // Weights are turned by this thread and graphs opened by others; but both are a device's own.
  if (!runtime.tensorsAreArrays) await placing;
  const [opened] = await Promise.all([Promise.all(Array.from({ length: count }, open)), placing]);
  const withFrozen = (weights: Tensors): Record<string, Tensor> =>
    Object.fromEntries([
      ...artifacts.trainable.map(({ name: parameter }) => [parameter, weights.get(parameter)!] as const),
      ...artifacts.frozen.map(({ name: parameter }) => [parameter, frozen.get(parameter)!] as const),
    ]);
  const parameters = withFrozen(state.kept.get('parameter')!);
  const parts = opened.map((part, i) =>
    openPart(runtime, artifacts, part, parameters, state.gradients[i]!, state),
  );
  return {
    parts: count,
    backward: async (batch, first) => {
      const runs = parts.map((part) => (first ? part.first : part.further!));
      const written = fill(parts, batch);
      if (runtime.keepsOrder && runs.every(({ runInTurn }) => runInTurn)) {
        const ran = runs.map((run) => run.runInTurn!());
        return begun(lossOf(parts), [...written, ...ran]);
      }
      await allSettled([...written, ...runs.map((run) => run.run())]);
      return done(await lossOf(parts));
    },
    evaluate: async (batch, weights) => {
      await allSettled(fill(parts, batch));
      await allSettled(
        parts.map(async (part) => {
          const { inputs, loss, opened } = part;
          part.evaluation ??= await opened.bindEvaluation({ ...withFrozen(weights), ...inputs }, loss);
          await part.evaluation.run();
        }),
      );
      return lossOf(parts);
    },
    dispose: async () => {
      for (const part of parts) await disposePart(part);
    },
  };
}

/** Places the frozen weights that are not there yet. */
async function placeFrozen(
  artifacts: TrainingArtifacts,
  options: ShapeOptions,
  frozen: Map<string, Tensor>,
): Promise<void> {
  const layOut = layOutInPlace();
  for (const spec of artifacts.frozen) {
    if (frozen.has(spec.name)) continue;
    frozen.set(spec.name, await weightTensor(options.runtime, options.frozen, spec, layOut));
    // Between two weights, whoever waits for a graph may go on.
    await setImmediate();
  }
}

function openPart(
  runtime: Runtime,
  artifacts: TrainingArtifacts,
  opened: OpenLoss,
  parameters: Readonly<Record<string, Tensor>>,
  gradient: Tensors,
  { scratch, viewOf, lossScale, fused }: UpdatedState,
): PartSessions {
  const inputs = Object.fromEntries(
    artifacts.batch.map(({ name, type, shape }) => [name, runtime.tensor(type, shape)] as const),
  );
  const loss = runtime.tensor('float32', []);
  const views: Tensor[] = [];
  const scaled = lossScale ? { [lossScaleInput]: lossScale } : {};
  const bound = { ...parameters, ...inputs, ...scaled };
  if (fused) {
    const own = fused.open(artifacts);
    const run = opened.bindTraining(bound, loss, own.gradients, own.after);
    const first: BoundRun = {
      run: () => run.run(),
      dispose: () => {
        run.dispose();
        own.dispose();
      },
    };
    return { inputs, loss, opened, views: [], first, further: null, evaluation: null };
  }
  const bind = (results: Tensors): BoundRun => {
    const shaped = [...results].map(([name, tensor]) => {
      const view = viewOf(tensor, artifacts.gradientShapes.get(name)!);
      if (view) views.push(view);
      return [name, view ?? tensor] as const;
    });
    return opened.bindTraining(bound, loss, new Map(shaped));
  };
  const further = scratch.size > 0 ? bind(scratch) : null;
  return { inputs, loss, opened, views, first: bind(gradient), further, evaluation: null };
}

async function disposePart({
  first,
  further,
  evaluation,
  opened,
  inputs,
  loss,
  views,
}: PartSessions): Promise<void> {
  for (const run of [first, further, evaluation]) run?.dispose();
  await opened.dispose();
  for (const tensor of [...Object.values(inputs), loss, ...views]) tensor.dispose();
}

/** Gives each part its share of the rows. Arrays are filled when this returns. */
function fill(parts: readonly PartSessions[], batch: BatchData): Promise<void>[] {
  return parts.flatMap(({ inputs }, part) =>
    Object.entries(inputs).map(([name, tensor]) =>
      tensor.writeInTurn(shareOf(batch[name]!, part, parts.length)),
    ),
  );
}

async function lossOf(parts: readonly PartSessions[]): Promise<number> {
  const losses = await Promise.all(parts.map(({ loss }) => loss.read(new Float32Array(1))));
  return losses.reduce((sum, loss) => sum + loss[0]!, 0);
}

/** Waits for all, so that none still writes when the first failure is thrown. */
async function allSettled(runs: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(runs)) if (result.status === 'rejected') throw result.reason;
}

/** Names a shape among those of a run: `4x64x64`. */
function shapeKey({ rows, size }: BatchShape): string {
  return [rows, ...(size ? [size.height, size.width] : [])].join('x');
}
