import { createHash } from 'node:crypto';

import type { Graph, Value } from '../graph/graph.ts';
import type { BoundRun, Runtime, Session, SessionOptions, Tensor, TensorMap } from '../runtime/runtime.ts';
import { planBuffers } from './buffers.ts';
import { createPlaces } from './places.ts';
import type { Stage } from './stage.ts';
import { type StageModel, stageModel } from './stage-model.ts';

/** What the stages of several graphs have in common, of which one is run at a time. */
export interface StageSessions {
  /** Opens every model once, however many stages it serves. */
  open(model: Uint8Array<ArrayBuffer>): Promise<Session>;
  /** A tensor for each value that stages of one graph keep. */
  readonly placesFor: (values: readonly Value[]) => readonly Tensor[];
  dispose(): Promise<void>;
}

export function createStageSessions(runtime: Runtime, options: SessionOptions = {}): StageSessions {
  const sessions = new Map<string, Promise<Session>>();
  const ofStages: SessionOptions = {
    ...options,
    byTurns: true,
    // It would find what is computed again on the way back to be there already, and keep it.
    disabledOptimizers: [...(options.disabledOptimizers ?? []), 'CommonSubexpressionElimination'],
  };
  return {
    open: (model) => {
      const key = createHash('sha256').update(model).digest('hex');
      let session = sessions.get(key);
      if (!session) sessions.set(key, (session = runtime.createSession(model, ofStages)));
      return session;
    },
    placesFor: createPlaces(runtime),
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
export interface OpenStages<Name extends string> {
  /** One of the orders in which they are run. `after`: what is done once a stage has run, before the next one does. */
  bind(order: Name, tensors: StageTensors, after?: ReadonlyMap<Stage, () => Promise<void>>): BoundRun;
  /** Bindings are to be disposed of first. The sessions are not this one's own. */
  dispose(): void;
}

interface OpenStage extends Stage, Omit<StageModel, 'model'> {
  readonly session: Session;
}

/**
 * Opens every stage of the orders in which a graph is run. What stages keep is placed for the first order, in which all values are
 * that others keep, for at least as long.
 * @param results values that bindings give tensors for
 */
export async function openStages<Name extends string>(
  sessions: StageSessions,
  graph: Graph,
  orders: Readonly<Record<Name, readonly Stage[]>>,
  results: ReadonlySet<Value>,
): Promise<OpenStages<Name>> {
  const all = Object.values<readonly Stage[]>(orders);
  const opened = new Map<Stage, OpenStage>();
  for (const stage of new Set(all.flat())) {
    const { model, inputNames, outputNames } = stageModel(graph, stage);
    opened.set(stage, { ...stage, inputNames, outputNames, session: await sessions.open(model) });
  }
  const plan = planBuffers(all[0]!, results);
  const places = sessions.placesFor(plan.places);
  return {
    bind: (order, { inputs, outputs }, after) => {
      const tensorOf = (value: Value): Tensor => {
        const place = plan.placeOf.get(value);
        const tensor = outputs.get(value) ?? (place === undefined ? inputs[value.name] : places[place]);
        if (!tensor) throw new Error(`No tensor was given for ${value.name}.`);
        return tensor;
      };
      const named = (names: readonly string[], values: readonly Value[]): TensorMap =>
        Object.fromEntries(names.map((name, i) => [name, tensorOf(values[i]!)]));
      const runs = orders[order].map((stage) => {
        const { session, inputNames, outputNames } = opened.get(stage)!;
        return session.bind(named(inputNames, stage.inputs), named(outputNames, stage.outputs));
      });
      return {
        run: async () => {
          for (const [i, run] of runs.entries()) {
            await run.run();
            await after?.get(orders[order][i]!)?.();
          }
        },
        dispose: () => {
          for (const run of runs) run.dispose();
        },
      };
    },
    dispose: () => {
      for (const tensor of places) tensor.dispose();
    },
  };
}
