import { join } from 'node:path';

import { embeddingName, loraName } from '../facts/run-folder.ts';
import { Failure } from '../failure.ts';
import { exists } from '../files/exists.ts';
import { readJsonObject } from '../files/json-file.ts';
import type { ModelReference } from '../jobs.ts';
import type { FolderLayout } from '../weights/component-kind.ts';
import type { ModelFolder } from '../weights/model-folder.ts';
import { familyOf } from './families.ts';
import type { OpenModel } from './family.ts';
import { openBase } from './open-base.ts';

/**
 * Opens the base and, over it, whatever its checkpoint holds. Only headers and configs are read.
 *
 * @throws Failure those of `openBase` and of the family; `checkpoint-missing`
 */
export async function openModel(reference: ModelReference): Promise<OpenModel> {
  const folder = await openBase(reference.base);
  try {
    if (reference.checkpoint !== undefined) await checkCheckpoint(reference.checkpoint, folder.layout);
    const scheduled = await withCheckpointScheduler(folder, reference.checkpoint);
    return await familyOf(folder.layout).open(scheduled, reference);
  } catch (error) {
    await folder.close();
    throw error;
  }
}

/** A run that changes how much noise there is at each timestep says so beside what it trained. */
async function withCheckpointScheduler(
  folder: ModelFolder,
  checkpoint: string | undefined,
): Promise<ModelFolder> {
  if (checkpoint === undefined) return folder;
  const schedulerSource = join(checkpoint, 'scheduler', 'scheduler_config.json');
  const scheduler = await readJsonObject(schedulerSource);
  return scheduler === null ? folder : { ...folder, scheduler, schedulerSource };
}

/** A folder with none of these parts would pass for the untouched base. */
async function checkCheckpoint(checkpoint: string, { components }: FolderLayout): Promise<void> {
  const parts = [...components.keys(), loraName, embeddingName];
  for (const part of parts) if (await exists(join(checkpoint, part))) return;
  throw new Failure(
    'checkpoint-missing',
    `There is no checkpoint at ${checkpoint}: it holds none of ${parts.join(', ')}.`,
    'Choose an epoch whose checkpoint was kept.',
  );
}
