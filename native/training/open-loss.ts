import { largeModel } from '../models/large-model.ts';
import { graphPrefix } from '../optimizers/optimizer.ts';
import type { BoundRun, Runtime, Session, SessionOptions, Tensor, TensorMap } from '../runtime/runtime.ts';
import type { StagedGraph } from '../stages/cut.ts';
import { openStages, type StageSessions } from '../stages/run.ts';
import type { Stage } from '../stages/stage.ts';
import { type DifferentiatedGraph, totalElements, type TrainingArtifacts } from './artifacts.ts';
import { prefixed, type Tensors } from './stepper.ts';

export type AfterStage = ReadonlyMap<Stage, () => Promise<void>>;

/** The graphs of a loss, open: forward and backward, and forward alone. */
export interface OpenLoss {
  /**
   * `inputs`: parameters and batch. Gradients come in the shapes that the artifacts say. `after`, of stages alone: what is done
   * between one and the next.
   */
  bindTraining(inputs: TensorMap, loss: Tensor, gradients: Tensors, after?: AfterStage): BoundRun;
  bindEvaluation(inputs: TensorMap, loss: Tensor): Promise<BoundRun>;
  /** Bindings are to be disposed of first. */
  dispose(): Promise<void>;
}

/**
 * One graph for each way. Nothing but weights is kept between runs, and within one everything is. One that is captured is opened
 * for each binding.
 */
export async function openWhole(
  runtime: Runtime,
  artifacts: TrainingArtifacts,
  given: SessionOptions,
  bindings = 1,
): Promise<OpenLoss> {
  const { trainingModel, evalModel, trainable, frozen } = artifacts;
  const options = { ...given, tensorByTensor: totalElements([...trainable, ...frozen]) >= largeModel };
  const sessions: Session[] = [];
  while (sessions.length < (runtime.captures ? bindings : 1))
    sessions.push(await runtime.createSession(trainingModel, { ...options, capture: true }));
  let bound = 0;
  let evaluation: Promise<Session> | null = null;
  return {
    bindTraining: (inputs, loss, gradients) =>
      sessions[bound++ % sessions.length]!.bind(inputs, {
        loss,
        ...prefixed(graphPrefix('gradient'), gradients),
      }),
    bindEvaluation: async (inputs, loss) => {
      evaluation ??= runtime.createSession(evalModel, options);
      return (await evaluation).bind(inputs, { loss });
    },
    dispose: async () => {
      for (const session of sessions) await session.dispose();
      await (await evaluation?.catch(() => null))?.dispose();
    },
  };
}

/** A graph for each module and way, run one after the other; what is inside of one is kept for as long as it runs. */
export async function openStaged(
  { graph, loss: lossValue, gradients: values }: DifferentiatedGraph,
  { forward, loss: last, backward }: StagedGraph,
  sessions: StageSessions,
): Promise<OpenLoss> {
  const results = new Set([lossValue, ...values.values()]);
  const orders = { training: [...forward, ...backward], evaluation: [...forward, last] };
  const stages = await openStages(sessions, graph, orders, results);
  return {
    bindTraining: (inputs, loss, gradients, after) => {
      const found = [...values].map(([name, value]) => [value, gradients.get(name)!] as const);
      return stages.bind('training', { inputs, outputs: new Map([[lossValue, loss], ...found]) }, after);
    },
    bindEvaluation: (inputs, loss) =>
      Promise.resolve(stages.bind('evaluation', { inputs, outputs: new Map([[lossValue, loss]]) })),
    dispose: () => {
      stages.dispose();
      return Promise.resolve();
    },
  };
}
