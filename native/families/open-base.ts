import { stat } from 'node:fs/promises';

import { type ModelConfigs, readModelConfigs } from '../weights/model-configs.ts';
import { type ModelFolder, openModelFolder } from '../weights/model-folder.ts';
import { families, folderLayouts } from './families.ts';
import { makeOutFile, openModelFile } from './single-file.ts';

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isFile() ?? false;
}

/**
 * Opens a model as it lies there, a diffusers folder or one file: configs and the headers of weights are read, nothing more.
 *
 * @throws Failure those of `openModelFolder` or of `openModelFile`
 */
export async function openBase(path: string): Promise<ModelFolder> {
  return (await isFile(path)) ? openModelFile(path, families) : openModelFolder(path, folderLayouts);
}

/**
 * What a model says of itself without its weights.
 *
 * @throws Failure those of `readModelConfigs` or of `makeOutFile`
 */
export async function readBaseConfigs(path: string): Promise<ModelConfigs> {
  return (await isFile(path))
    ? (await makeOutFile(path, families)).configs
    : readModelConfigs(path, folderLayouts);
}
