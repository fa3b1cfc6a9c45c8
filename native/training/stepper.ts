import { allocate, type DataArray, elementCount } from '../graph/data-type.ts';
import { largeModel } from '../models/large-model.ts';
import { buildAccumulation } from '../optimizers/accumulation-graph.ts';
import { clipFactor } from '../optimizers/clipping.ts';
import {
  type DeviceTensor,
  graphPrefix,
  type OnePass,
  type StateKind,
  stateKinds,
  type UpdateRule,
} from '../optimizers/optimizer.ts';
import { canBePiecewise, openPiecewiseUpdate, type PiecewiseUpdate } from '../optimizers/piecewise-update.ts';
import {
  buildGradientNorm,
  buildUpdate,
  gradientFactor,
  updateScalarNames,
  updateScalars,
} from '../optimizers/update-graph.ts';
import type { BoundRun, Runtime, Session, SessionOptions, Tensor } from '../runtime/runtime.ts';
import { type Begun, begun, done } from './begun.ts';

/** By the parameter's name. */
export type Tensors = ReadonlyMap<string, Tensor>;

/** What a step reads and writes. */
export interface State {
  /** What is kept from step to step, by `stateKinds`. */
  readonly kept: ReadonlyMap<StateKind, Tensors>;
  readonly gradient: Tensors;
  /** Gradients of a further batch, until they are added; empty where none are accumulated. */
  readonly scratch: Tensors;
}

export function prefixed(prefix: string, tensors: Tensors): Record<string, Tensor> {
  return Object.fromEntries([...tensors].map(([name, tensor]) => [prefix + name, tensor]));
}

export interface StepperOptions {
  readonly runtime: Runtime;
  readonly trainable: readonly DeviceTensor[];
  readonly rule: UpdateRule;
  readonly state: State;
  /** Over the arrays that the state's tensors are; without it, the update graph serves. */
  readonly onePass: OnePass | null;
  readonly accumulate: boolean;
  readonly piecewise?: boolean | undefined;
}

/** What an update goes by besides gradients. */
export interface StepRates {
  /** Of the steps that the optimizer takes, from 1. */
  readonly step: number;
  readonly learningRate: number;
  readonly emaDecay: number;
}

export type UpdateStep = readonly [
  step: number,
  learningRate: number,
  emaDecay: number,
  parts: number,
  lossScale?: number,
];

export interface Stepper {
  /**
   * Applies the gradients, of so many parts, which come multiplied by `lossScale`; resolves to their global norm before
   * clipping. Where the rule scales losses, gradients that are not finite are not applied.
   */
  update(...step: UpdateStep): Promise<number>;
  /**
   * The same; where the runtime keeps order, this resolves before it is done. Of scaled losses the norm is known by then, for
   * what comes next depends on it.
   */
  begin(...step: UpdateStep): Promise<Begun>;
  /** Adds the scratch gradients to the gradients. */
  readonly accumulate: BoundRun | null;
  /**
   * Runs everything, so that it is captured where the runtime captures. Called while gradients are zeros; what is kept has to be put
   * back afterwards.
   */
  capture(): Promise<void>;
  dispose(): Promise<void>;
}

type Updater = Pick<Stepper, 'begin' | 'dispose'>;

/** At Stable Diffusion's 686 weights of a UNet, optimizing the update graph would take 17 s and making it faster none. */
const elementwise: SessionOptions = { optimize: false, capture: true };

/** What applies gradients to a state, in place. */
export async function createStepper(options: StepperOptions): Promise<Stepper> {
  const { onePass } = options;
  const accumulator = options.accumulate ? await createAccumulator(options) : null;
  const updater: Updater = onePass
    ? {
        begin: (...step) => Promise.resolve(done(onePass.update(...step))),
        dispose: () => onePass.dispose(),
      }
    : isPiecewise(options)
      ? await createPieceUpdater(options)
      : await createUpdater(options);
  return {
    accumulate: accumulator?.run ?? null,
    capture: async () => {
      await accumulator?.run.run();
      const { value, over } = await updater.begin(1, 0, 0, 1);
      await over;
      await value;
    },
    begin: updater.begin,
    update: async (...step) => {
      const { value, over } = await updater.begin(...step);
      await over;
      return value;
    },
    dispose: async () => {
      await updater.dispose();
      accumulator?.run.dispose();
      await accumulator?.session.dispose();
    },
  };
}

async function createAccumulator({
  runtime,
  trainable,
  state,
}: StepperOptions): Promise<{ readonly session: Session; readonly run: BoundRun }> {
  const session = await runtime.createSession(buildAccumulation(trainable), elementwise);
  const sums = prefixed('sum/', state.gradient);
  const further = prefixed('gradient/', state.scratch);
  const replaced = prefixed('new/sum/', state.gradient);
  return { session, run: bindInPlace(runtime, session, { ...sums, ...further }, replaced) };
}

/** As one graph, the update of a large model would take memory for many of its weights at a time. */
function isPiecewise({ runtime, trainable, rule, piecewise }: StepperOptions): boolean {
  if (piecewise !== undefined) return piecewise;
  const count = trainable.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  return runtime.tensorsAreArrays && runtime.runsInPlace && count >= largeModel && canBePiecewise(rule);
}

/** Updates each parameter by itself, once the norm of all gradients is known. */
async function createPieceUpdater({ runtime, trainable, rule, state }: StepperOptions): Promise<Updater> {
  const norm = runtime.tensor('float32', []);
  const measure = await createMeasure(runtime, trainable, state, norm);
  const pieces = await openPieces(runtime, trainable, { ...rule, scalesLoss: true }, state);
  const bound = pieces.bind(state.gradient);
  const single = new Float32Array(1);
  return {
    begin: async (step, learningRate, emaDecay, _parts, lossScale = 1) => {
      await measure.run.run();
      const before = (await norm.read(single))[0]! / lossScale;
      if (!Number.isFinite(before)) return done(before);
      const factor = clipFactor(before, rule.maxGradientNorm) / lossScale;
      pieces.write({
        ...updateScalars(rule, step, learningRate, emaDecay),
        [gradientFactor]: factor,
      });
      await bound.update(state.gradient.keys());
      return done(before);
    },
    dispose: async () => {
      bound.dispose();
      await pieces.dispose();
      measure.run.dispose();
      await measure.session.dispose();
      norm.dispose();
    },
  };
}

/** The update of each parameter by itself, in memory that it shares with the stages. */
export function openPieces(
  runtime: Runtime,
  trainable: readonly DeviceTensor[],
  rule: UpdateRule,
  { kept }: Pick<State, 'kept'>,
): Promise<PiecewiseUpdate> {
  return openPiecewiseUpdate(runtime, trainable, rule, kept, {
    ...elementwise,
    capture: false,
    byTurns: true,
  });
}

/** The update graph over the state, written in place where the runtime allows, else by turns with a second set. */
async function createUpdater({ runtime, trainable, rule, state }: StepperOptions): Promise<Updater> {
  const session = await runtime.createSession(buildUpdate(trainable, rule), elementwise);
  const scalars = new Map(
    updateScalarNames(rule).map((name) => [name, runtime.tensor('float32', [])] as const),
  );
  const norm = runtime.tensor('float32', []);
  const measured = rule.scalesLoss ? await createMeasure(runtime, trainable, state, norm) : null;
  const kinds = stateKinds(rule);
  const inputs = Object.assign(
    { ...Object.fromEntries(scalars), ...prefixed(graphPrefix('gradient'), state.gradient) },
    ...kinds.map((kind) => prefixed(graphPrefix(kind), state.kept.get(kind)!)),
  ) as Record<string, Tensor>;
  const replaced = new Set(session.outputNames);
  const outputs = Object.fromEntries([
    ...(measured ? [] : [['gradient-norm', norm] as const]),
    ...kinds
      .flatMap((kind) => Object.entries(prefixed(`new/${graphPrefix(kind)}`, state.kept.get(kind)!)))
      .filter(([name]) => replaced.has(name)),
  ]);
  const run = bindInPlace(runtime, session, inputs, outputs);
  const readNorm = async (): Promise<number> => (await norm.read(new Float32Array(1)))[0]!;
  const ordered = runtime.keepsOrder && run.runInTurn ? run.runInTurn : null;
  return {
    begin: async (step, learningRate, emaDecay, _parts, lossScale = 1) => {
      await measured?.run.run();
      const before = measured ? (await readNorm()) / lossScale : 0;
      if (!Number.isFinite(before)) return done(before);
      const factor = clipFactor(before, rule.maxGradientNorm) / lossScale;
      const values: Readonly<Record<string, number>> = {
        ...updateScalars(rule, step, learningRate, emaDecay),
        [gradientFactor]: factor,
      };
      const written = [...scalars].map(([name, tensor]) =>
        tensor.writeInTurn(Float32Array.of(values[name]!)),
      );
      if (ordered) {
        const ran = ordered();
        return measured
          ? begun(Promise.resolve(before), [...written, ran], before)
          : begun(readNorm(), [...written, ran]);
      }
      await Promise.all(written);
      await run.run();
      return done(measured ? before : await readNorm());
    },
    dispose: async () => {
      run.dispose();
      measured?.run.dispose();
      await measured?.session.dispose();
      await session.dispose();
      for (const tensor of [...scalars.values(), norm]) tensor.dispose();
    },
  };
}

/** The norm of the gradients, before it is known whether they are applied. */
async function createMeasure(
  runtime: Runtime,
  trainable: readonly DeviceTensor[],
  { gradient }: State,
  norm: Tensor,
): Promise<{ readonly session: Session; readonly run: BoundRun }> {
  const session = await runtime.createSession(buildGradientNorm(trainable), elementwise);
  const inputs = prefixed(graphPrefix('gradient'), gradient);
  return { session, run: session.bind(inputs, { 'gradient-norm': norm }) };
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
