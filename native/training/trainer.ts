import type { DataArray } from '../graph/data-type.ts';
import type { Parameter } from '../models/parameter.ts';
import { type StateKind, stateKinds } from '../optimizers/optimizer.ts';
import { buildUpdate } from '../optimizers/update-graph.ts';
import type { BatchShape } from './batch-shape.ts';
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
  const tensor = (kind: StateKind, name: string) => state.kept.get(kind)!.get(name)!;
  const forms = new Map(state.keptTensors.map(({ kind, name, form }) => [`${kind}/${name}`, form]));
  let partsRun = 1;
  let lossScale = 1;
  return {
    trainable: options.trainable,
    stateKinds: stateKinds(rule),
    kept: state.keptTensors,
    backward: async (shape, batch, first, rates) => {
      fused?.begin(rates!);
      const opened = await sessions.of(shape);
      const loss = await opened.backward(batch, first);
      if (!first) await stepper!.accumulate!.run();
      partsRun = opened.parts;
      return loss;
    },
    scalesLoss: rule.scalesLoss ?? false,
    scaleLoss: (scale) => {
      lossScale = scale;
      state.lossScale?.write(Float32Array.of(scale));
    },
    update: (step, learningRate, emaDecay) =>
      fused
        ? Promise.resolve(fused.norm())
        : stepper!.update(step, learningRate, emaDecay, partsRun, lossScale),
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
      await sessions.dispose();
      await fused?.dispose();
      await stepper?.dispose();
      state.dispose();
    },
  };
}
