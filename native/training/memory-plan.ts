import { LRUCache } from 'lru-cache';

import { trainedParts } from '../facts/methods.ts';
import { optimizerOf, stateBytes } from '../facts/optimizers.ts';
import type { OpenModel } from '../families/family.ts';
import { openModel } from '../families/open-model.ts';
import { bytesPerElement, elementCount } from '../graph/data-type.ts';
import type { TrainJob } from '../jobs.ts';
import { largeModel } from '../models/large-model.ts';
import type { WeightType } from '../models/weight-tensor.ts';
import { prefersMatrixConv } from '../runtime/capabilities.ts';
import { precisionOn } from '../runtime/precision.ts';
import { type Provider, usesMainMemory } from '../runtime/runtime.ts';
import { planBuffers } from '../stages/buffers.ts';
import { bytesOf, workspaceBytes } from '../stages/workspace.ts';
import { buildArtifacts, totalElements, type TrainingArtifacts } from './artifacts.ts';
import { accumulates, rowsAtOnce } from './data-order.ts';
import { latentBatchShape } from './diffusion-batches.ts';
import { buildDiffusionGraph, type DiffusionGraphOptions } from './diffusion-graph.ts';
import { fusedElements } from './fused-backward.ts';
import { loraPlan } from './lora-plan.ts';
import { modelToTrain } from './model-to-train.ts';
import { withCaptionsRead } from './read-captions.ts';

/** What a training step takes of memory, in bytes. */
export interface TrainingMemory {
  /** Whether the step goes module by module (stages/cut.ts), rather than as one graph that keeps all. */
  readonly staged: boolean;
  /** Of what is inside of modules, the bytes kept there because computing it again would take long. */
  readonly keptInside: number;
  /** Whether for want of memory activations are computed again that it would be quicker to keep. */
  readonly recompute: boolean;
  /** Of all weights that the graph reads, trained or not. */
  readonly weights: number;
  /** Of what is trained; twice where gradients are accumulated, and those of one module where they are applied at once. */
  readonly gradients: number;
  /** What the optimizer keeps, and the moving average. */
  readonly state: number;
  /** What is kept of the forward pass until its gradient is taken. */
  readonly activations: number;
  /** The most that a module needs while it runs; in `activations` where all of it is kept. */
  readonly workspace: number;
  /** The engine itself, with ONNX Runtime and the graphs that it has opened. */
  readonly program: number;
}

/** Where a step is to run. */
export interface StepPlace {
  readonly provider: Provider;
  /** Bytes that it may take; null where that is not known. */
  readonly available: number | null;
}

type Job = Pick<TrainJob, 'images' | 'method' | 'settings' | 'prior'>;

/**
 * ONNX Runtime goes back from the outputs rather than in the order of the graph, and so has more alive at a time than that
 * order needs: measured at full size, where 4.9 GiB would do, it took 8.7.
 */
const orderFactor = 1.8;

/**
 * The arena that stages share gives memory back in pieces that fit no other stage's tensors: measured at full size, at 256 and 512
 * px and of SDXL at 1024, a step took this many times what its stages keep and the largest needs.
 */
const arenaFactor = 1.75;

/** For the same reason, of the gradients of one module: measured, fused, with moments of 32 bits and of 8. */
const fusedFactor = 5;

/** Measured at full size, beside all that is counted: the engine with one graph, and with one for each module and way. */
const programBytes = { whole: 0.3 * 2 ** 30, staged: 0.2 * 2 ** 30 };

/** The rest is for encoders, files being read and what else runs there. */
const shareToFill = 0.7;

/**
 * The memory of a job's step on its largest pictures, and what of modules is kept until the way back: on the processor what is worth
 * it, which is as fast as keeping all; on a device all, for as long as that fits. What is kept makes no difference to the numbers but
 * for roundings of float16, so a resumed run may do it otherwise. Null for methods that train no denoiser.
 */
export function planMemory(job: Job, opened: OpenModel, place: StepPlace): TrainingMemory | null {
  const trained = trainedBy(job.method, opened);
  if (!trained) return null;
  const { settings } = job;
  const model = withCaptionsRead(opened, settings);
  const size = measureStep(job, model, trained, place);
  const average = settings.emaDecay > 0 ? bytesPerElement.float32 : 0;
  const fixed = {
    gradients: size.trained * bytesPerElement.float32 * (accumulates(job) ? 2 : 1),
    state: size.trained * (stateBytes(optimizerOf(settings)) + average),
  };
  const rows = rowsAtOnce(job);
  const { provider, available } = place;
  // On a device the graphs of every shape of pictures have memory of their own for what they keep between stages.
  const times = rows * (usesMainMemory(provider) ? 1 : shapesOf(job, model));
  const { staged } = size;
  const fused = settings.fusedBackward === true && staged !== null;
  const whole = {
    ...{ staged: false, keptInside: 0, recompute: false, ...fixed, weights: size.kept.weights },
    ...{ activations: rows * size.kept.perRow, workspace: 0, program: programBytes.whole },
  };
  if (!staged) return whole;
  const roomFor = (memory: Omit<TrainingMemory, 'recompute'>): number =>
    // Of main memory of which nothing is known less is safer; of such a device, its usual way is.
    available === null
      ? usesMainMemory(provider)
        ? 0
        : Infinity
      : Math.max(0, shareToFill * available - totalBytes(memory));
  if (!fused && !usesMainMemory(provider) && roomFor(whole) > 0) return whole;
  const least = {
    ...{ staged: true, keptInside: 0, ...fixed, weights: staged.weights },
    ...(fused && { gradients: staged.fusedGradients }),
    ...{ activations: times * staged.perRow, workspace: rows * staged.workspacePerRow },
    program: programBytes.staged,
  };
  const worth = times * staged.worthKeepingPerRow;
  const kept = Math.min(worth, roomFor(least));
  return {
    ...least,
    keptInside: (kept * rows) / times,
    activations: least.activations + kept,
    recompute: kept < worth,
  };
}

/** As `planMemory`, for a job that is yet to be started. @throws Failure those of `openModel` */
export async function planJobMemory(
  job: Job & Pick<TrainJob, 'base'>,
  place: StepPlace,
): Promise<TrainingMemory | null> {
  if (!trainedParts(job.method).includes('denoiser')) return null;
  const model = await openModel(modelToTrain(job));
  try {
    return planMemory(job, model, place);
  } finally {
    await model.close();
  }
}

export function totalBytes({
  weights,
  gradients,
  state,
  activations,
  workspace,
  program,
}: Omit<TrainingMemory, 'staged' | 'keptInside' | 'recompute'>): number {
  return weights + gradients + state + activations + workspace + program;
}

function shapesOf({ images }: Job, { autoencoder }: OpenModel): number {
  return new Set(images.map((image) => JSON.stringify(latentBatchShape(1, image, autoencoder)))).size;
}

function trainedBy(
  method: TrainJob['method'],
  { adapters }: OpenModel,
): DiffusionGraphOptions['trained'] | null {
  if (!trainedParts(method).includes('denoiser')) return null;
  if (method.kind === 'embedding') return 'new-words';
  if (method.kind !== 'lora') return 'full';
  return loraPlan(method, adapters);
}

/** Of one row; batches take as much for each. */
interface StepMeasure {
  readonly trained: number;
  readonly kept: { readonly weights: number; readonly perRow: number };
  /** Null where nothing would be gained, or it cannot be done. */
  readonly staged: {
    readonly weights: number;
    readonly perRow: number;
    readonly workspacePerRow: number;
    readonly worthKeepingPerRow: number;
    /** Of weights that are updated during the backward pass. */
    readonly fusedGradients: number;
  } | null;
}

/** Differentiating a model of full size takes half a second, and plans are asked for at every touch. */
const measures = new LRUCache<string, StepMeasure>({ max: 32 });

function measureStep(
  { images, method, settings }: Job,
  model: OpenModel,
  trained: DiffusionGraphOptions['trained'],
  { provider }: StepPlace,
): StepMeasure {
  const area = ({ width, height }: Job['images'][number]): number => width * height;
  const largest = images.reduce((most, image) => (area(image) > area(most) ? image : most));
  const arrays = usesMainMemory(provider);
  const precision = precisionOn({ provider }, settings.precision);
  const typeOf = model.weightType;
  const key = JSON.stringify([
    ...[
      provider,
      precision,
      model.configFiles,
      method,
      largest.width,
      largest.height,
      model.conditioning.way,
    ],
    ...[...model.components.values()].map(({ name, hasWeights }) => [name, hasWeights]),
    ...['unet', 'text_encoder'].map((component) => typeOf({ component, key: 'conv_in.weight' })),
  ]);
  const known = measures.get(key);
  if (known) return known;
  const build = (recompute: boolean, frozenType?: DiffusionGraphOptions['frozenType']): TrainingArtifacts =>
    buildArtifacts(
      buildDiffusionGraph({
        ...{ denoiser: model.denoiser, conditioning: model.conditioning, noise: model.noise, trained },
        encodes: trainedParts(method).includes('textEncoders'),
        shape: latentBatchShape(1, largest, model.autoencoder),
        matrixConv: prefersMatrixConv(provider),
        ...(frozenType && { frozenType }),
      }),
      { tensorsAreArrays: arrays, provider, recompute, precision },
    );
  const kept = build(false);
  const parameters = [...kept.trainable, ...kept.frozen];
  const found = {
    trained: totalElements(kept.trainable),
    kept: { weights: heldBytes(kept), perRow: orderFactor * workspaceBytes(wholeOf(kept)) },
    staged:
      totalElements(parameters) >= largeModel
        ? measureStages(build(true, frozenTypeOn(provider, typeOf)))
        : null,
  };
  measures.set(key, found);
  return found;
}

/** What stages hold frozen weights in, which they widen where they use them: not every card has float16 for WebGPU. */
export function frozenTypeOn(
  provider: Provider,
  typeOf: WeightType,
): NonNullable<DiffusionGraphOptions['frozenType']> {
  return (component, key) => (provider === 'webgpu' ? 'float32' : typeOf({ component, key }));
}

function measureStages(artifacts: TrainingArtifacts): StepMeasure['staged'] {
  const { staged, loss, gradients } = artifacts.differentiated;
  const stages = [...staged!.forward, ...staged!.backward];
  const { places } = planBuffers(stages, new Set([loss, ...gradients.values()]));
  return {
    weights: heldBytes(artifacts),
    perRow: arenaFactor * places.reduce((sum, place) => sum + bytesOf(place), 0),
    workspacePerRow: arenaFactor * Math.max(...stages.map(workspaceBytes)),
    worthKeepingPerRow: staged!.worthKeeping,
    fusedGradients: fusedFactor * bytesPerElement.float32 * fusedElements(artifacts),
  };
}

function wholeOf({ differentiated: { graph, loss, gradients } }: TrainingArtifacts) {
  return { nodes: graph.nodes, inputs: graph.inputs, outputs: [loss, ...gradients.values()] };
}

function heldBytes({ trainable, frozen }: TrainingArtifacts): number {
  return [...trainable, ...frozen].reduce(
    (sum, { shape, type }) => sum + elementCount(shape) * bytesPerElement[type],
    0,
  );
}
