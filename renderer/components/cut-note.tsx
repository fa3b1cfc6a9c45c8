import { Text, Tooltip } from '@mantine/core';

import { useCutText } from './read-texts.ts';

/** Below a field: that its text is longer than a model reads. Nothing where it is not. */
export function CutNote({ text, modelId }: { text: string; modelId: number | null }) {
  const cut = useCutText(text, modelId);
  if (cut === null) return null;
  return (
    <Tooltip label="What is beyond is left out.">
      <Text size="xs" c="var(--sf-accent)" className="figures" w="fit-content">
        {cut.long}
      </Text>
    </Tooltip>
  );
}
