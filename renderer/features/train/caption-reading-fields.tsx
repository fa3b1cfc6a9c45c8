import { Select } from '@mantine/core';

import { captionTokenChoices } from '../../../electron/contract/values.ts';
import { ClipSkipField } from '../../components/clip-skip-field.tsx';
import { useRequestForm } from './request-form.ts';

/** How captions are read: how far, and by which layer. */
export function CaptionReadingFields() {
  const { request, edit, message } = useRequestForm();
  const { clipSkip, captionTokens } = request.train;
  return (
    <>
      <Select
        label="Caption length"
        description="Tokens that are read; what is beyond is left out."
        data={captionTokenChoices.map((tokens) => ({ value: String(tokens), label: `${tokens} tokens` }))}
        value={String(captionTokens)}
        allowDeselect={false}
        onChange={(chosen) => {
          const found = captionTokenChoices.find((tokens) => String(tokens) === chosen);
          if (found !== undefined) edit({ train: { captionTokens: found } });
        }}
      />
      <ClipSkipField
        value={clipSkip}
        description="1: the last layer. 2 suits bases that were made so."
        error={message('train.clipSkip')}
        onChange={(chosen) => {
          edit({ train: { clipSkip: chosen } });
        }}
      />
    </>
  );
}
