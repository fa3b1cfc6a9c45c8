import type { OpenModel } from '../families/family.ts';
import type { JsonObject } from '../files/json-file.ts';
import type { JobContext, TrainJob } from '../jobs.ts';
import type { Parameter } from '../models/parameter.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { BatchShape } from './batch-shape.ts';
import type { MicroBatch } from './data-order.ts';
import type { BatchData } from './shape-sessions.ts';
import type { Trainer } from './trainer.ts';

/** What a recipe is given. */
export interface RecipeOptions {
  readonly job: TrainJob;
  readonly model: OpenModel;
  readonly runtime: Runtime;
  readonly context: JobContext;
}

/** A method of training on one model and data set, before anything is encoded. */
export interface Recipe {
  /** All that its graphs take, trained or frozen. */
  readonly parameters: readonly Parameter[];
  /** Components that run beforehand, outside its graphs: an autoencoder, frozen text encoders. */
  readonly encoders: readonly string[];
  /** Encodes what has to be, and gets the trainer ready. */
  start(): Promise<TrainingTask>;
}

/** What a recipe adds to the training loop. */
export interface TrainingTask {
  readonly trainer: Trainer;
  readonly prepare: (batch: MicroBatch, place: BatchPlace) => Promise<PreparedBatch>;
  /** The held-out batches, the same at every call, weighted so that their losses add up to the mean. */
  readonly validation: readonly (() => Promise<PreparedBatch>)[];
  /** As many images that are trained on, judged in the same way; left out by methods that do not. */
  readonly seen?: readonly (() => Promise<PreparedBatch>)[];
  /** What checkpoints say of the noise schedule, where it is not the base's. */
  readonly scheduler?: JsonObject;
  /** Writes what the run has made into an empty folder. */
  writeCheckpoint(folder: string): Promise<void>;
  dispose(): Promise<void>;
}

export interface PreparedBatch {
  readonly shape: BatchShape;
  readonly data: BatchData;
}

/** Which of a step's random draws a micro-batch takes, and what each of its images counts. */
export interface BatchPlace {
  /** Optimizer step, from 1. */
  readonly step: number;
  /** Index of the batch's first image among those of the step. */
  readonly firstIndex: number;
  /** 1 / images of the step. */
  readonly share: number;
}
