import { join } from 'node:path';

import type { OpenModel } from '../families/family.ts';
import type { JsonObject } from '../files/json-file.ts';
import type { TrainingSettings } from '../jobs.ts';
import type { Parameter } from '../models/parameter.ts';
import type { WeightToWrite } from '../weights/model-folder.ts';
import { readFinite } from './run-state.ts';
import type { Trainer } from './trainer.ts';

/** A trained parameter as a checkpoint has it: its moving average where one is kept. */
export function readTrained(
  trainer: Trainer,
  { emaDecay }: Pick<TrainingSettings, 'emaDecay'>,
  parameter: Parameter,
): Promise<Float32Array<ArrayBuffer>> {
  return readFinite(trainer, emaDecay > 0 ? 'ema' : 'parameter', parameter);
}

/** The trained weights of a component, each read when its turn has come. */
function trainedWeights(
  trainer: Trainer,
  settings: Pick<TrainingSettings, 'emaDecay'>,
  component: string,
): WeightToWrite[] {
  return trainer.trainable
    .filter((parameter) => parameter.component === component)
    .map((parameter) => ({
      name: parameter.key,
      shape: parameter.shape,
      data: () => readTrained(trainer, settings, parameter),
    }));
}

export interface ComponentToWrite {
  /** Those that were not trained. */
  readonly frozen?: readonly WeightToWrite[];
  /** Goes over its config. */
  readonly changes?: JsonObject;
}

/** Writes a trained component into a checkpoint as diffusers has it. */
export async function writeTrainedComponent(
  folder: string,
  name: string,
  { model, trainer }: { readonly model: Pick<OpenModel, 'component'>; readonly trainer: Trainer },
  settings: Pick<TrainingSettings, 'emaDecay' | 'checkpointPrecision'>,
  { frozen = [], changes }: ComponentToWrite = {},
): Promise<void> {
  const weights = [...trainedWeights(trainer, settings, name), ...frozen];
  await model.component(name).write(join(folder, name), settings.checkpointPrecision, weights, changes);
}

/** Writes every component that was trained. A weight of it that no prediction depends on is the base's. */
export async function writeTrainedComponents(
  folder: string,
  made: { readonly model: Pick<OpenModel, 'component'>; readonly trainer: Trainer },
  settings: Pick<TrainingSettings, 'emaDecay' | 'checkpointPrecision'>,
): Promise<void> {
  const parameters = Map.groupBy(made.trainer.trainable, ({ component }) => component);
  for (const [name, trained] of parameters) {
    const keys = new Set(trained.map(({ key }) => key));
    const frozen = made.model
      .component(name)
      .weights()
      .filter((weight) => !keys.has(weight.name));
    await writeTrainedComponent(folder, name, made, settings, { frozen });
  }
}
