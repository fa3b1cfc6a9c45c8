import { elementCount } from '../graph/data-type.ts';
import type { Value } from '../graph/graph.ts';
import type { JobContext, TrainingSettings } from '../jobs.ts';
import type { DeviceTensor, UpdateRule } from '../optimizers/optimizer.ts';
import { updateScalars } from '../optimizers/update-graph.ts';
import type { Runtime, Tensor } from '../runtime/runtime.ts';
import type { Stage } from '../stages/stage.ts';
import type { DifferentiatedGraph, TrainingArtifacts } from './artifacts.ts';
import type { AfterStage } from './open-loss.ts';
import { openPieces, type StepRates, type Tensors } from './stepper.ts';
import type { TrainedState } from './trained-state.ts';

/** Where gradients lie that are applied as soon as they are found, and when that is. */
export interface FusedPlan {
  /** The names of the parameters that are updated once a stage has run: it is the last that reads them. */
  readonly after: ReadonlyMap<Stage, readonly string[]>;
  /** Where each gradient begins in memory that all stages share, in elements; those that outlive their stage are not in it. */
  readonly offsets: ReadonlyMap<string, number>;
  /** Elements of that memory. */
  readonly length: number;
}

/** Elements of float32 to a line of the cache, which tensors are aligned to. */
const alignment = 16;

/** Plans updates during the way back: no more gradients are there at a time than one stage finds. */
export function planFusedBackward(
  { staged, gradients }: DifferentiatedGraph,
  trainable: readonly Pick<DeviceTensor, 'name' | 'shape'>[],
): FusedPlan {
  if (!staged) throw new Error('Only a graph in stages can be updated between them.');
  const stages = [...staged.forward, ...staged.backward];
  const lastUse = new Map<Value | string, number>();
  const madeAt = new Map<Value, number>();
  stages.forEach(({ inputs, outputs }, i) => {
    for (const value of inputs) lastUse.set(value, i).set(value.name, i);
    for (const value of outputs) {
      lastUse.set(value, i);
      madeAt.set(value, i);
    }
  });
  const after = new Map<Stage, string[]>();
  const offsets = new Map<string, number>();
  const ends = new Map<number, number>();
  for (const { name, shape } of trainable) {
    const gradient = gradients.get(name);
    const made = gradient === undefined ? stages.length - 1 : madeAt.get(gradient)!;
    const last = Math.max(made, lastUse.get(name) ?? 0, gradient ? lastUse.get(gradient)! : 0);
    const stage = stages[last]!;
    after.set(stage, [...(after.get(stage) ?? []), name]);
    // What no stage finds stays zero, and so has a place of its own.
    if (gradient === undefined || made !== last) continue;
    const begin = ends.get(made) ?? 0;
    offsets.set(name, begin);
    ends.set(made, begin + Math.ceil(elementCount(shape) / alignment) * alignment);
  }
  return { after, offsets, length: Math.max(0, ...ends.values()) };
}

/** Elements of all gradients there are at a time. */
export function fusedElements({
  differentiated,
  trainable,
}: Pick<TrainingArtifacts, 'differentiated' | 'trainable'>): number {
  const plan = planFusedBackward(differentiated, trainable);
  const apart = trainable.filter(({ name }) => !plan.offsets.has(name));
  return apart.reduce((sum, { shape }) => sum + elementCount(shape), plan.length);
}

/** Whether a run updates weights during the backward pass; says so where it was asked for and cannot be. */
export function isFused(
  { fusedBackward = false }: TrainingSettings,
  { tensorsAreArrays }: Pick<Runtime, 'tensorsAreArrays'>,
  context: Pick<JobContext, 'emit'>,
): boolean {
  if (fusedBackward && !tensorsAreArrays) context.emit({ type: 'note', message: notFusedNote });
  return fusedBackward && tensorsAreArrays;
}

/** For methods and devices that run no modules by themselves. */
export const notFusedNote =
  'Here the weights are updated after the backward pass, and gradients are clipped by the norm of all.';

/** Updates of a graph's parameters between its stages, over one memory for the gradients of all shapes of batches. */
export interface FusedUpdates {
  /** To be said before each backward pass. */
  begin(rates: StepRates): void;
  /** The gradients of one shape's graphs, with what is to be done after which stage. */
  open(artifacts: TrainingArtifacts): FusedGradients;
  /** The global norm of the gradients since `begin`. */
  norm(): number;
  dispose(): Promise<void>;
}

export interface FusedGradients {
  /** In the shapes that the graph gives them. */
  readonly gradients: Tensors;
  readonly after: AfterStage;
  dispose(): void;
}

/** Opens the updates; each gradient is clipped by its own norm, as none waits for the others. */
export async function openFusedUpdates(
  runtime: Runtime,
  rule: UpdateRule,
  state: Pick<TrainedState, 'trainable' | 'kept'>,
): Promise<FusedUpdates> {
  const { trainable } = state;
  const pieces = await openPieces(runtime, trainable, rule, state);
  let shared = new Float32Array(0);
  let squares = 0;
  return {
    begin: ({ step, learningRate, emaDecay }) => {
      squares = 0;
      pieces.write(updateScalars(rule, step, learningRate, emaDecay));
    },
    open: ({ differentiated, gradientShapes }) => {
      const plan = planFusedBackward(differentiated, trainable);
      if (plan.length > shared.length) shared = new Float32Array(plan.length);
      const [own, given] = [new Map<string, Tensor>(), new Map<string, Tensor>()];
      for (const { name, shape } of trainable) {
        const begin = plan.offsets.get(name);
        const count = elementCount(shape);
        const array = begin === undefined ? new Float32Array(count) : shared.subarray(begin, begin + count);
        own.set(name, runtime.tensor('float32', shape, array));
        given.set(name, runtime.tensor('float32', gradientShapes.get(name)!, array));
      }
      const bound = pieces.bind(own);
      const updated = async (names: readonly string[]): Promise<void> => {
        squares += await bound.update(names);
      };
      return {
        gradients: given,
        after: new Map([...plan.after].map(([stage, names]) => [stage, () => updated(names)] as const)),
        dispose: () => {
          bound.dispose();
          for (const tensor of [...own.values(), ...given.values()]) tensor.dispose();
        },
      };
    },
    norm: () => Math.sqrt(squares),
    dispose: () => pieces.dispose(),
  };
}
