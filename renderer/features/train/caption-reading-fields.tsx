import { Select } from '@mantine/core';

import { captionTokenChoices } from '../../../electron/contract/values.ts';
import { ClipSkipField } from '../../components/clip-skip-field.tsx';
import { useReading } from '../../components/read-texts.ts';
import { useRequestForm } from './request-form.ts';

/** How captions are read: how far, and by which layer. */
export function CaptionReadingFields() {
  const { request, edit, message } = useRequestForm();
  const { clipSkip, captionTokens } = request.train;
  const { tokens: atOnce, layers } = useReading(request.baseModelId);
  return (
    <>
      <Select
        label="Caption length"
        description="How much of a caption is read; the rest is left out."
        data={captionTokenChoices.map((tokens) => ({
          value: String(tokens),
          label: `${(tokens / 75) * atOnce} tokens`,
        }))}
        value={String(captionTokens)}
        allowDeselect={false}
        onChange={(chosen) => {
          const found = captionTokenChoices.find((tokens) => String(tokens) === chosen);
          if (found !== undefined) edit({ train: { captionTokens: found } });
        }}
      />
      <ClipSkipField
        value={clipSkip}
        layers={layers}
        description="1 is the last layer. 2 suits bases that were trained with it."
        error={message('train.clipSkip')}
        onChange={(chosen) => {
          edit({ train: { clipSkip: chosen } });
        }}
      />
    </>
  );
}
