import type { DataArray } from '../graph/data-type.ts';
import type { Parameter } from '../models/parameter.ts';
import { type StateKind, stateKinds } from '../optimizers/optimizer.ts';
import { buildUpdate } from '../optimizers/update-graph.ts';
import type { BoundRun } from '../runtime/runtime.ts';
import type { BatchShape } from './batch-shape.ts';
import { type Begun, begun, done, ended } from './begun.ts';
import { openFusedUpdates } from './fused-backward.ts';
import { keepArtifact } from './keep-artifact.ts';
import { fromFile, type KeptTensor, toFile } from './kept-tensors.ts';
import { type BatchData, createShapeSessions, type ShapeOptions } from './shape-sessions.ts';
import { createStepper, type StepRates } from './stepper.ts';
import { placeState, type TrainedStateOptions } from './trained-state.ts';

export type TrainerOptions = TrainedStateOptions & ShapeOptions;

export interface Trainer {
  readonly trainable: readonly Parameter[];
  /** What is kept of each parameter, in the order of state files. */
  readonly stateKinds: readonly StateKind[];
  /** The tensors of these kinds. */
  readonly kept: readonly KeptTensor[];
  /**
   * Runs forward and backward; the first of a step replaces the gradients, later ones add to them. `rates` are asked for where
   * weights are updated meanwhile.
   */
  backward(shape: BatchShape, batch: BatchData, first: boolean, rates?: StepRates): Promise<number>;
  /**
   * Whether `beginBackward` and `beginUpdate` resolve before what they begin is done. Then neither waits for the device, but for
   * graphs that are opened first, and for whether scaled gradients are finite.
   */
  readonly runsAhead: boolean;
  /** As `backward` and `update`; whatever was begun has to be over before anything else is asked of the trainer. */
  beginBackward(shape: BatchShape, batch: BatchData, first: boolean, rates?: StepRates): Promise<Begun>;
  beginUpdate(step: number, learningRate: number, emaDecay: number): Promise<Begun>;
  /**
   * Whether gradients are computed in float16: of losses multiplied by what `scaleLoss` says, and not applied where they are not
   * finite.
   */
  readonly scalesLoss: boolean;
  /** From the next batch on; to be called between an update and that. */
  scaleLoss(scale: number): void;
  /** Applies the gradients, where that is not done yet; resolves to their global norm before clipping. */
  update(step: number, learningRate: number, emaDecay: number): Promise<number>;
  /** The loss of a batch with the averaged weights where there are some, else with the weights. */
  evaluate(shape: BatchShape, batch: BatchData): Promise<number>;
  /** Reads what state files have of a tensor, as many numbers as it has. */
  readState<A extends DataArray>(kind: StateKind, name: string, into: A): Promise<A>;
  writeState(kind: StateKind, name: string, data: DataArray): void;
  dispose(): Promise<void>;
}

const inTurn = (run: BoundRun): Promise<void> => run.runInTurn?.() ?? run.run();

/**
 * Holds the parameters, what the optimizer keeps of them and their gradients where the device has them, and runs the
 * training, update and evaluation graphs over them. Only batches go in and only losses come out between checkpoints.
 */
export async function createTrainer(options: TrainerOptions): Promise<Trainer> {
  const { runtime, rule, accumulate } = options;
  const state = await placeState(options, accumulate ? 1 : (options.parts?.most ?? 1));
  const fused = options.fused ? await openFusedUpdates(runtime, rule, state) : null;
  const sessions = createShapeSessions(options, state, fused);
  await keepArtifact(options.artifactFolder, 'optimizer_model.onnx', buildUpdate(state.trainable, rule));
  const { trainable, onePass } = state;
  const stepper = fused
    ? null
    : await createStepper({
        runtime,
        trainable,
        rule,
        state,
        onePass,
        accumulate,
        piecewise: options.piecewise,
      });
  if (runtime.captures && stepper) await state.asBegun(() => stepper.capture());
  const tensor = (kind: StateKind, name: string) => state.kept.get(kind)!.get(name)!;
  const forms = new Map(state.keptTensors.map(({ kind, name, form }) => [`${kind}/${name}`, form]));
  let partsRun = 1;
  let lossScale = 1;
  let scaled: Promise<void> = Promise.resolve();
  let last = done(0);
  const beginBackward: Trainer['beginBackward'] = async (shape, batch, first, rates) => {
    fused?.begin(rates!);
    // Tensors can be placed only while nothing is under way, a scale that was just given neither.
    if (!sessions.isOpen(shape)) await Promise.all([last.over, scaled]);
    const opened = await sessions.of(shape);
    const loss = await opened.backward(batch, first);
    const added = first ? [] : [inTurn(stepper!.accumulate!)];
    if (!runtime.keepsOrder) await Promise.all(added);
    partsRun = opened.parts;
    last = begun(loss.value, [scaled, loss.over, ...added], added.length > 0 ? null : loss.known);
    return last;
  };
  const beginUpdate: Trainer['beginUpdate'] = async (step, learningRate, emaDecay) => {
    if (fused) return done(fused.norm());
    last = await stepper!.begin(step, learningRate, emaDecay, partsRun, lossScale);
    return last;
  };
  return {
    trainable: options.trainable,
    stateKinds: stateKinds(rule),
    kept: state.keptTensors,
    backward: (...batch) => ended(beginBackward(...batch)),
    runsAhead: runtime.keepsOrder && !fused,
    beginBackward,
    beginUpdate,
    scalesLoss: rule.scalesLoss ?? false,
    scaleLoss: (scale) => {
      lossScale = scale;
      scaled = state.lossScale?.writeInTurn(Float32Array.of(scale)) ?? Promise.resolve();
      scaled.catch(() => undefined);
    },
    update: (...step) => ended(beginUpdate(...step)),
    evaluate: async (shape, batch) => {
      const opened = await sessions.of(shape);
      return opened.evaluate(batch, state.kept.get(rule.ema ? 'ema' : 'parameter')!);
    },
    readState: async (kind, name, into) => {
      into.set(toFile(forms.get(`${kind}/${name}`)!, await tensor(kind, name).read(into)) as never);
      return into;
    },
    writeState: (kind, name, data) => {
      tensor(kind, name).write(fromFile(forms.get(`${kind}/${name}`)!, data));
    },
    dispose: async () => {
      // A step that could not be prepared leaves its loss scale under way, and a device does not bear that beside it.
      await Promise.allSettled([last.over, scaled]);
      await sessions.dispose();
      await fused?.dispose();
      await stepper?.dispose();
      state.dispose();
    },
  };
}
