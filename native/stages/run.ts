import { createHash } from 'node:crypto';

import type { Graph, Value } from '../graph/graph.ts';
import type { BoundRun, Runtime, Session, SessionOptions, Tensor, TensorMap } from '../runtime/runtime.ts';
import { type BufferPlan, planBuffers } from './buffers.ts';
import type { Stage, StagedGraph } from './cut.ts';
import { type StageModel, stageModel } from './stage-model.ts';

/** Opens every model once, however many stages it serves. */
export interface StageSessions {
  open(model: Uint8Array<ArrayBuffer>): Promise<Session>;
  dispose(): Promise<void>;
}

export function createStageSessions(runtime: Runtime, options: SessionOptions = {}): StageSessions {
  const sessions = new Map<string, Promise<Session>>();
  return {
    open: (model) => {
      const key = createHash('sha256').update(model).digest('hex');
      let session = sessions.get(key);
      if (!session)
        sessions.set(key, (session = runtime.createSession(model, { ...options, sharedArena: true })));
      return session;
    },
    dispose: async () => {
      for (const opening of sessions.values()) await (await opening.catch(() => null))?.dispose();
    },
  };
}

/** Tensors of what a staged graph reads and gives; what stages keep for one another has places of its own. */
export interface StageTensors {
  /** By the names of graph inputs. */
  readonly inputs: TensorMap;
  readonly outputs: ReadonlyMap<Value, Tensor>;
}

/** The stages of one graph, opened, with places for what they keep. */
export interface OpenStages {
  /** Loss and results. */
  bindTraining(tensors: StageTensors): BoundRun;
  /** The loss alone. */
  bindEvaluation(tensors: StageTensors): BoundRun;
  /** Bindings are to be disposed of first. The sessions are not this one's own. */
  dispose(): void;
}

interface OpenStage extends Stage, Omit<StageModel, 'model'> {
  readonly session: Session;
}

/** @param results values that every training binding gives tensors for, the loss among them */
export async function openStages(
  runtime: Runtime,
  sessions: StageSessions,
  graph: Graph,
  staged: StagedGraph,
  results: ReadonlySet<Value>,
): Promise<OpenStages> {
  const open = async (stage: Stage): Promise<OpenStage> => {
    const { model, inputNames, outputNames } = stageModel(graph, stage);
    return { ...stage, inputNames, outputNames, session: await sessions.open(model) };
  };
  const forward = await inOrder(staged.forward, open);
  const backward = await inOrder(staged.backward, open);
  const loss = await open(staged.loss);
  const plan: BufferPlan = planBuffers([...forward, ...backward], results);
  const places = plan.places.map(({ type, shape }) => runtime.tensor(type, shape));
  const bind = (stages: readonly OpenStage[], { inputs, outputs }: StageTensors): BoundRun => {
    const tensorOf = (value: Value): Tensor => {
      const place = plan.placeOf.get(value);
      const tensor = outputs.get(value) ?? (place === undefined ? inputs[value.name] : places[place]);
      if (!tensor) throw new Error(`No tensor was given for ${value.name}.`);
      return tensor;
    };
    const named = (names: readonly string[], values: readonly Value[]): TensorMap =>
      Object.fromEntries(names.map((name, i) => [name, tensorOf(values[i]!)]));
    const runs = stages.map((stage) =>
      stage.session.bind(named(stage.inputNames, stage.inputs), named(stage.outputNames, stage.outputs)),
    );
    return {
      run: async () => {
        for (const run of runs) await run.run();
      },
      dispose: () => {
        for (const run of runs) run.dispose();
      },
    };
  };
  return {
    bindTraining: (tensors) => bind([...forward, ...backward], tensors),
    bindEvaluation: (tensors) => bind([...forward, loss], tensors),
    dispose: () => {
      for (const tensor of places) tensor.dispose();
    },
  };
}

async function inOrder<T, R>(items: readonly T[], make: (item: T) => Promise<R>): Promise<R[]> {
  const made: R[] = [];
  for (const item of items) made.push(await make(item));
  return made;
}
