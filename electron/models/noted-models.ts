import { basename, resolve } from 'node:path';

import { isModelNote, modelNameOf, modelNoteEnding } from '../../native/facts/model-formats.ts';
import { Failure } from '../../native/failure.ts';
import { checkNote, type Lacking, readLacking } from '../../native/families/read-facts.ts';
import { type ModelNote, readModelNote, writeModelNote } from '../../native/files/model-note.ts';
import type { OutputOf } from '../contract/api.ts';
import { freePath } from '../exports/place-export.ts';
import { fileNameOf } from '../library/file-name.ts';
import type { Library } from '../library/library.ts';
import type { ModelRecord, ModelRecords } from './model-records.ts';

/** The file or folder of a model: that which its note is about, where it has one. */
export async function placeOf(folder: string): Promise<string> {
  return (await noteOf(folder))?.model ?? folder;
}

/** Null of a model without a note, and where it cannot be read, which whoever opens it says. */
export async function noteOf(folder: string): Promise<ModelNote | null> {
  return isModelNote(folder) ? readModelNote(folder).catch(() => null) : null;
}

/** The model of the library that lies at a path, by itself or by its note. */
export async function findAt(path: string, records: ModelRecords): Promise<ModelRecord | null> {
  const own = records.findByFolder(path);
  if (own !== null) return own;
  for (const record of records.all()) if ((await noteOf(record.folder))?.model === path) return record;
  return null;
}

/** Null where the model is whole, and where it cannot be read, which whoever opens it says. */
async function lackingOf(path: string): Promise<Lacking | null> {
  try {
    return await readLacking(path);
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}

/**
 * What a model lacks and which models of the library can lend it, the newest first; null where it is whole.
 */
export async function lendersOf(path: string, records: ModelRecords): Promise<OutputOf<'models.lenders'>> {
  const lacking = await lackingOf(path);
  if (lacking === null) return null;
  const lenders: { modelId: number; name: string }[] = [];
  for (const record of records.all()) {
    const note = await noteFor(path, lacking, record.folder);
    if (await fits(note)) lenders.push({ modelId: record.id, name: record.name });
  }
  return { name: basename(path), label: lacking.label, lacks: [...lacking.names], lenders };
}

async function fits(note: ModelNote): Promise<boolean> {
  try {
    await checkNote(note);
    return true;
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}

/** A model that was lent a part lends on what it has itself, and for the rest its lender. */
async function noteFor(path: string, { parts }: Lacking, lender: string): Promise<ModelNote> {
  const note = await noteOf(lender);
  return {
    model: path,
    parts: Object.fromEntries(parts.map((part) => [part, note?.parts[part] ?? note?.model ?? lender])),
    prediction: null,
  };
}

/**
 * What the model at a path is opened as: itself, or a note in the library by which another lends what it lacks. `before` is the
 * note that it has.
 *
 * @throws Failure `model-part-missing` where nobody lends; `lender-unfit`, `model-mismatch` and the like
 */
export async function withLender(
  path: string,
  lender: string | null,
  { library, before }: { readonly library: Library; readonly before: string | null },
): Promise<string> {
  const lacking = await lackingOf(path);
  if (lacking === null) return before ?? path;
  if (lender === null) {
    throw new Failure(
      'model-part-missing',
      `${path} is a ${lacking.label} without its ${lacking.names.join(' and its ')}.`,
      'Add it under Models, where another model can lend that.',
    );
  }
  const wanted = await noteFor(path, lacking, resolve(lender));
  const known = before === null ? null : await noteOf(before);
  const note = { ...wanted, prediction: known?.prediction ?? null };
  await checkNote(note);
  const file = before ?? (await newNote(library, path));
  await writeModelNote(file, note, library.folder);
  return file;
}

/** The same model with another word on what it predicts, in a note of its own: runs go on by the one that they began with. */
export async function withPrediction(
  folder: string,
  prediction: NonNullable<ModelNote['prediction']>,
  library: Library,
): Promise<string> {
  const note = (await noteOf(folder)) ?? { model: folder, parts: {}, prediction: null };
  const file = await newNote(library, note.model);
  await writeModelNote(file, { ...note, prediction }, library.folder);
  return file;
}

function newNote({ paths }: Library, model: string): Promise<string> {
  return freePath(paths.models, fileNameOf(modelNameOf(basename(model))), modelNoteEnding);
}
