import { join } from 'node:path';

import { loraName } from '../facts/run-folder.ts';
import { Failure } from '../failure.ts';
import { exists } from '../files/exists.ts';
import type { ModelReference } from '../jobs.ts';
import type { FolderLayout } from '../weights/component-kind.ts';
import { openModelFolder } from '../weights/model-folder.ts';
import type { Family, OpenModel } from './family.ts';
import { stableDiffusion } from './stable-diffusion/stable-diffusion.ts';

/** Every family there is. A new one is its folder and its name here. */
export const families: readonly Family[] = [stableDiffusion];

export const folderLayouts: readonly FolderLayout[] = families.map(({ layout }) => layout);

/** The family whose folders are laid out so. */
export function familyOf(layout: FolderLayout): Family {
  return families.find((family) => family.layout === layout)!;
}

/**
 * Opens the base and, over it, whatever its checkpoint holds. Only headers and configs are read.
 *
 * @throws Failure those of `openModelFolder` and of the family; `checkpoint-missing`
 */
export async function openModel(reference: ModelReference): Promise<OpenModel> {
  const folder = await openModelFolder(reference.base, folderLayouts);
  try {
    if (reference.checkpoint !== undefined) await checkCheckpoint(reference.checkpoint, folder.layout);
    return await familyOf(folder.layout).open(folder, reference);
  } catch (error) {
    await folder.close();
    throw error;
  }
}

/** A folder with none of these parts would pass for the untouched base. */
async function checkCheckpoint(checkpoint: string, { components }: FolderLayout): Promise<void> {
  const parts = [...components.keys(), loraName];
  for (const part of parts) if (await exists(join(checkpoint, part))) return;
  throw new Failure(
    'checkpoint-missing',
    `There is no checkpoint at ${checkpoint}: it holds none of ${parts.join(', ')}.`,
    'Choose an epoch whose checkpoint was kept.',
  );
}
