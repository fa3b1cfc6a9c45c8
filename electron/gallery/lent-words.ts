import type { ModelReference } from '../../native/jobs.ts';
import type { SamplerSettings } from '../contract/values.ts';

/** A model with the new words that a picture is lent besides those it was taught. */
export function withWords(
  model: ModelReference,
  { embeddings = [] }: Pick<SamplerSettings, 'embeddings'>,
): ModelReference {
  if (embeddings.length === 0) return model;
  const lent = embeddings.map(({ file, word }) => ({ file, ...(word !== undefined && { word }) }));
  return { ...model, embeddings: lent };
}
