import { readFacts } from '../../native/families/read-facts.ts';
import type { OutputOf, ParsedInputOf } from '../contract/api.ts';
import type { LibraryDatabase } from '../library/database.ts';
import { ofPrompts, readingOf, withLentWords } from '../runs/text-lengths.ts';
import { isModel } from './inspect-model.ts';
import type { ModelRecord, ModelRecords } from './model-records.ts';

/**
 * Counts texts as a model does: the one asked for, or the base that was trained from last, or else the one that comes with
 * Screenfold. Null where there is none, or its tokenizer cannot be used.
 */
export async function readTexts(
  { modelId, as, embeddings, texts }: ParsedInputOf<'models.readTexts'>,
  records: ModelRecords,
  database: LibraryDatabase,
): Promise<OutputOf<'models.readTexts'>> {
  const model = modelId === null ? await usualBase(records, database) : records.get(modelId);
  const ofModel = model && (await readingOf(model.folder));
  const reading = ofModel && (await withLentWords(ofModel, embeddings));
  if (model === null || reading === null) return null;
  const { limit, count } = as === 'prompt' ? ofPrompts(reading) : reading;
  return { name: model.name, read: limit, tokens: texts.map((text) => count(text)) };
}

/** How a model reads texts; null where its configs or its tokenizer cannot be used. */
export async function readingOfModel({ folder }: ModelRecord): Promise<OutputOf<'models.reading'>> {
  const reading = await readingOf(folder);
  return reading === null ? null : { tokens: reading.limit, layers: (await readFacts(folder)).textLayers };
}

async function usualBase(records: ModelRecords, database: LibraryDatabase): Promise<ModelRecord | null> {
  const last = database
    .prepare<[], number>(
      `SELECT base_model_id FROM run JOIN model ON model.id = base_model_id ORDER BY run.id DESC LIMIT 1`,
    )
    .pluck()
    .get();
  const used = last === undefined ? null : records.get(last);
  return used !== null && (await isModel(used.folder)) ? used : records.embedded();
}
