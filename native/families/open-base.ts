import { stat } from 'node:fs/promises';

import { isModelNote } from '../facts/model-formats.ts';
import { Failure } from '../failure.ts';
import { type ModelNote, readModelNote } from '../files/model-note.ts';
import { type ModelConfigs, readModelConfigs } from '../weights/model-configs.ts';
import { type ModelFolder, openModelFolder } from '../weights/model-folder.ts';
import { families, familyOf, folderLayouts } from './families.ts';
import type { StatedPrediction } from './family.ts';
import { notedConfigs, openNoted } from './noted-base.ts';
import { makeOutFile, openModelFile } from './single-file.ts';

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isFile() ?? false;
}

async function noteAt(path: string): Promise<ModelNote | null> {
  return isModelNote(path) ? readModelNote(path) : null;
}

/** What a note is about has to be there: else the note itself would be named, which nobody knows. */
async function aboutOf(note: ModelNote): Promise<string> {
  if ((await stat(note.model).catch(() => null)) !== null) return note.model;
  throw new Failure(
    'model-missing',
    `The model ${note.model} is gone.`,
    'Put it back, or choose another model.',
  );
}

async function openPlain(path: string, prediction: StatedPrediction | null): Promise<ModelFolder> {
  return (await isFile(path))
    ? openModelFile(path, families, prediction)
    : openModelFolder(path, folderLayouts);
}

async function readPlain(path: string, prediction: StatedPrediction | null): Promise<ModelConfigs> {
  return (await isFile(path))
    ? (await makeOutFile(path, families, prediction)).configs
    : readModelConfigs(path, folderLayouts);
}

/**
 * Opens a model as it lies there, a diffusers folder, one file, or a note about either: configs and the headers of weights are
 * read, nothing more.
 *
 * @throws Failure those of `openModelFolder` or of `openModelFile`; of a note, those of `readModelNote`, `lender-missing`,
 * `lender-unfit`
 */
export async function openBase(path: string): Promise<ModelFolder> {
  const note = await noteAt(path);
  if (note === null) return openPlain(path, null);
  const model = await openPlain(await aboutOf(note), note.prediction);
  try {
    return await openNoted(note, familyOf(model.layout), model);
  } catch (error) {
    await model.close();
    throw error;
  }
}

/**
 * What a model says of itself without its weights.
 *
 * @throws Failure those of `readModelConfigs` or of `makeOutFile`; of a note, as `openBase`
 */
export async function readBaseConfigs(path: string): Promise<ModelConfigs> {
  const note = await noteAt(path);
  return note === null ? readPlain(path, null) : readNoted(note);
}

/** As `readBaseConfigs`, of a note that is not written yet. */
export async function readNoted(note: ModelNote): Promise<ModelConfigs> {
  const model = await readPlain(await aboutOf(note), note.prediction);
  return notedConfigs(note, familyOf(model.layout), model);
}
