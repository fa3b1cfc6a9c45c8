import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';

import type { PredictionType } from '../../../native/facts/config-facts.ts';
import { isModelNote, lentParts, modelNameOf, modelNoteEnding } from '../../../native/facts/model-formats.ts';
import { checkNote, guessesPrediction } from '../../../native/families/read-facts.ts';
import { type ModelNote, readModelNote, writeModelNote } from '../../../native/files/model-note.ts';
import type { Terminal } from '../terminal.ts';

/** What is taken for a model from elsewhere; paths as they were typed. */
export interface ModelParts {
  /** A file or folder of another model, or of the part alone. */
  readonly vae?: string;
  readonly textEncoder?: string;
  readonly prediction?: PredictionType;
}

const [vaePart, textPart] = lentParts;

/** Null where nothing is said of the model. @throws Failure where it does not fit */
export async function noteOf(
  model: string,
  { vae, textEncoder, prediction }: ModelParts,
  workingFolder: string,
): Promise<ModelNote | null> {
  if (vae === undefined && textEncoder === undefined && prediction === undefined) return null;
  const known = isModelNote(model) ? await readModelNote(model) : null;
  const note: ModelNote = {
    model: known?.model ?? model,
    parts: {
      ...known?.parts,
      ...(vae !== undefined && { [vaePart]: resolve(workingFolder, vae) }),
      ...(textEncoder !== undefined && { [textPart]: resolve(workingFolder, textEncoder) }),
    },
    prediction:
      prediction === undefined ? (known?.prediction ?? null) : { type: prediction, because: 'you said so' },
  };
  await checkNote(note);
  return note;
}

/** What the note of a model is called in a folder. */
export function noteIn(folder: string, { model }: ModelNote): string {
  return join(folder, `${modelNameOf(basename(model))}${modelNoteEnding}`);
}

/** Lets a model be used with what is taken for it; what says so is kept for as long as that takes. */
export async function withParts<T>(
  model: string,
  parts: ModelParts,
  workingFolder: string,
  use: (model: string) => Promise<T>,
): Promise<T> {
  const note = await noteOf(model, parts, workingFolder);
  return note === null ? use(model) : withNote(note, use);
}

export async function withNote<T>(note: ModelNote, use: (model: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'screenfold-model-'));
  try {
    const path = noteIn(folder, note);
    await writeModelNote(path, note);
    return await use(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Says where it is a guess what a model predicts. */
export async function warnOfGuess(model: string, terminal: Terminal): Promise<void> {
  if (!(await guessesPrediction(model).catch(() => false))) return;
  terminal.warn(
    `Nothing says what ${basename(model)} predicts; velocity is assumed. screenfold info --probe tries it, --prediction says it.`,
  );
}
