/**
 * What a person said of a model that its files do not: which model lends it a part it lacks, and what it predicts. A small JSON
 * file, which is opened in the model's place; the model itself is read where it lies and stays as it is.
 */
import { dirname, isAbsolute, join, relative, sep } from 'node:path';

import { type PredictionType, predictionTypes } from '../facts/config-facts.ts';
import { isModelNote, type LentPart, lentParts } from '../facts/model-formats.ts';
import { Failure } from '../failure.ts';
import { writeFileAtomic } from './atomic-file.ts';
import { isJsonObject, readJsonObject } from './json-file.ts';

export interface ModelNote {
  /** A model file or folder. */
  readonly model: string;
  /** Where parts are taken from instead of the model: a file or folder of another model, or of the part alone. */
  readonly parts: Readonly<Partial<Record<LentPart, string>>>;
  /** What the model predicts; null where its files say so, or what they say is not to be changed. */
  readonly prediction: {
    readonly type: PredictionType;
    /** For a person: what says so. */
    readonly because: string;
  } | null;
}

/**
 * Reads a note; its paths are absolute.
 *
 * @throws Failure `model-note-invalid`, and those of reading JSON; null where there is none
 */
export async function readModelNote(path: string): Promise<ModelNote | null> {
  const json = await readJsonObject(path);
  if (json === null) return null;
  const { model, parts = {}, prediction = null } = json;
  const refuse = (what: string): Failure =>
    new Failure(
      'model-note-invalid',
      `${path} does not say which model it is about: ${what}.`,
      'Remove the model, and add its file again.',
    );
  if (typeof model !== 'string' || model === '') throw refuse('“model” is no path');
  if (!isJsonObject(parts)) throw refuse('“parts” is no object');
  const at = (place: string): string => (isAbsolute(place) ? place : join(dirname(path), place));
  if (isModelNote(model)) throw refuse('it is about another such file');
  const lent: Partial<Record<LentPart, string>> = {};
  for (const part of lentParts) {
    const place = parts[part];
    if (place === undefined) continue;
    if (typeof place !== 'string' || place === '' || isModelNote(place)) throw refuse(`“${part}” is no path`);
    lent[part] = at(place);
  }
  return { model: at(model), parts: lent, prediction: predictionOf(prediction, refuse) };
}

function predictionOf(value: unknown, refuse: (what: string) => Failure): ModelNote['prediction'] {
  if (value === null) return null;
  const type = isJsonObject(value) ? predictionTypes.find((one) => one === value.type) : undefined;
  if (!isJsonObject(value) || type === undefined || typeof value.because !== 'string')
    throw refuse('“prediction” is none');
  return { type, because: value.because };
}

/**
 * Writes a note. What lies in `home`, a folder that may be moved with the note in it, is noted from the note on.
 *
 * @throws Failure `write-failed`
 */
export async function writeModelNote(path: string, note: ModelNote, home = dirname(path)): Promise<void> {
  const noted = (place: string): string => {
    const inside = relative(home, place);
    const isInside = inside !== '' && !isAbsolute(inside) && inside.split(sep)[0] !== '..';
    return isInside ? relative(dirname(path), place).split(sep).join('/') : place;
  };
  const parts = Object.fromEntries(Object.entries(note.parts).map(([part, place]) => [part, noted(place)]));
  const json = { model: noted(note.model), parts, prediction: note.prediction };
  await writeFileAtomic(path, `${JSON.stringify(json, null, 2)}\n`);
}
