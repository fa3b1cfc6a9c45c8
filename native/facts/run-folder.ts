/** What lies where in a run's folder: the engine writes it, whoever asked for the run reads it. */

/** Folder of the checkpoints, each in a folder by its epoch. */
export const checkpointsName = 'checkpoints';

/** Folder of the newest state that the run can be resumed from. */
export const stateName = 'state';

/** The folder of the state after a step, in that of states. */
export function stateStepName(step: number): string {
  return `step-${String(step).padStart(8, '0')}`;
}

/** The step whose state's folder is called so; null where none is, as while it is being written. */
export function stateStepOf(name: string): number | null {
  const digits = /^step-(\d{8,})$/.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** Losses by step and by epoch, a JSON object in a line each. */
export const metricsName = 'metrics.jsonl';

/** Folder of the graphs. */
export const artifactsName = 'artifacts';

/**
 * Class images that a base has made: their folder in the cache, and in a run's folder, as a JSON file, which of them it is
 * trained on.
 */
export const classImagesName = 'class-images';

/** The file that says of which bytes a run's images and masks were when it began. */
export const imageFilesName = 'image-files.json';

/** The file of a checkpoint that is a LoRA. */
export const loraName = 'lora.safetensors';

/** The file of a checkpoint that is a new word. */
export const embeddingName = 'embedding.safetensors';

/** An epoch's folder, wherever there is one for each. */
export function epochName(epoch: number): string {
  return `epoch-${String(epoch).padStart(4, '0')}`;
}

/** The epoch whose folder is called so; null where none is, as while it is being written. */
export function epochOf(name: string): number | null {
  const digits = /^epoch-(\d{4,})$/.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
}
