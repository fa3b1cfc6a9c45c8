import { useDebouncedValue } from '@mantine/hooks';

import type { OutputOf } from '../../electron/contract/api.ts';
import { mostLettersCounted } from '../../electron/contract/models.ts';
import { mostClipSkip, type SamplerSettings } from '../../electron/contract/values.ts';
import { useStudioQuery } from '../studio/studio.tsx';
import { countText } from './quantities.ts';

/** How far a text is longer than its model reads. */
export interface Cut {
  /** `103 of 75` */
  readonly short: string;
  /** `103 tokens; Seedling reads 75.` */
  readonly long: string;
}

const typing = 200;

/**
 * How far a text that is being typed is longer than a model reads; null where it is not. Tells of the text as it was a moment
 * ago.
 * @param modelId null: the base that was used last
 * @param embeddings new words that the text may say
 */
export function useCutText(
  text: string,
  modelId: number | null,
  kind: TextKind,
  embeddings: SamplerSettings['embeddings'] = [],
): Cut | null {
  const [settled] = useDebouncedValue(text, typing);
  const { data } = useStudioQuery(
    'models.readTexts',
    {
      modelId,
      texts: [...countable([settled])],
      ...(kind === 'prompt' && { as: kind }),
      ...(embeddings.length > 0 && { embeddings }),
    },
    { enabled: settled !== '', keepPrevious: true },
  );
  return text === '' ? null : cutOf(data, 0, chunksOf(kind));
}

/** The same for several captions, by the text. */
export function useCutTexts(
  texts: readonly string[],
  modelId: number | null,
  captionTokens = 75,
): ReadonlyMap<string, Cut> {
  const asked = countable(texts);
  const { data } = useStudioQuery(
    'models.readTexts',
    { modelId, texts: [...asked] },
    { enabled: asked.length > 0 },
  );
  const cut = new Map<string, Cut>();
  for (const [index, text] of asked.entries()) {
    const found = cutOf(data, index, chunksOf({ captionTokens }));
    if (found !== null) cut.set(text, found);
  }
  return cut;
}

/** How a model reads captions; as Stable Diffusion does until that is known. */
export function useReading(modelId: number | undefined): {
  readonly tokens: number;
  readonly layers: number;
} {
  const { data } = useStudioQuery(
    'models.reading',
    { modelId: modelId ?? 0 },
    { enabled: modelId !== undefined && modelId > 0 },
  );
  return { tokens: data?.tokens ?? 75, layers: Math.min(mostClipSkip, data?.layers ?? mostClipSkip) };
}

/** What a text is for: a caption is read as far as the run reads it. */
type TextKind = 'prompt' | { readonly captionTokens: number };

/** How many times what a model reads at once. */
const chunksOf = (kind: TextKind) => (kind === 'prompt' ? 1 : kind.captionTokens / 75);

function cutOf(data: OutputOf<'models.readTexts'> | undefined, index: number, chunks: number): Cut | null {
  const tokens = data?.tokens[index];
  if (!data || tokens === undefined || tokens <= data.read * chunks) return null;
  const [has, reads] = [countText(tokens), countText(data.read * chunks)];
  return { short: `${has} of ${reads}`, long: `${has} tokens; ${data.name} reads ${reads}.` };
}

/** Distinct ones, and no more than the studio counts at once: books that stand in for captions are counted by the plan. */
function countable(texts: readonly string[]): readonly string[] {
  let letters = 0;
  return [...new Set(texts)]
    .filter((text) => text !== '')
    .filter(({ length }) => (letters += length) <= mostLettersCounted)
    .slice(0, 200);
}
