import { Text, Tooltip } from '@mantine/core';

import type { SamplerSettings } from '../../electron/contract/values.ts';
import { useCutText } from './read-texts.ts';

/**
 * Below a field: that its text is longer than a model reads. Nothing where it is not.
 * @param prompt whether it is one, whose brackets weigh words; else it is a caption
 * @param captionTokens how much is read of a caption
 * @param embeddings new words that it may say
 */
export function CutNote({
  text,
  modelId,
  prompt = false,
  captionTokens = 75,
  embeddings = [],
}: {
  text: string;
  modelId: number | null;
  prompt?: boolean;
  captionTokens?: number;
  embeddings?: SamplerSettings['embeddings'];
}) {
  const cut = useCutText(text, modelId, prompt ? 'prompt' : { captionTokens }, embeddings);
  if (cut === null) return null;
  const more =
    prompt || captionTokens >= 225 ? '' : ' To have more read, raise Caption length under Advanced.';
  return (
    <Tooltip label={`The rest is left out.${more}`}>
      <Text size="xs" c="var(--sf-accent)" className="figures" w="fit-content">
        {cut.long}
      </Text>
    </Tooltip>
  );
}
