import { Button, Group, Stack, Text } from '@mantine/core';

import type { CaptionSource } from '../../../electron/contract/captions.ts';
import { durationText } from '../../../electron/contract/quantities.ts';
import { countOf } from '../../components/quantities.ts';
import { showFailure } from '../../studio/failure.ts';
import { media } from '../../studio/media.ts';
import { useStudioCommand } from '../../studio/studio.tsx';
import classes from './source-preview.module.css';

/** What a model says of three images, when it is asked to; and how long all of them would take. */
export function ModelPreview({
  datasetId,
  source,
  images,
}: {
  datasetId: number;
  source: Extract<CaptionSource, { readonly kind: 'model' }>;
  /** That would be captioned. */
  images: number;
}) {
  const attempt = useStudioCommand('captioners.try');
  const { captionerId, options } = source;
  const { data } = attempt;
  const each = data?.secondsEach ?? null;
  return (
    <Stack gap="sm" aria-live="polite">
      <Group gap="sm">
        <Button
          w="fit-content"
          variant="default"
          disabled={captionerId === 0}
          loading={attempt.isPending}
          onClick={() => {
            attempt.mutate({ captionerId, datasetId, options }, { onError: showFailure });
          }}
        >
          Try it on three images
        </Button>
        {captionerId === 0 && (
          <Text size="sm" c="dimmed">
            Add a model first.
          </Text>
        )}
      </Group>
      <Text size="sm" c="dimmed" className="figures">
        {each === null
          ? 'Captions are made in the background, one by one; you can go on with something else.'
          : each * images < 1
            ? `All ${countOf(images, 'image')} are done in a moment.`
            : `${countOf(images, 'image')} take about ${durationText(each * images)}; you can go on with something else.`}
      </Text>
      <ul className={classes.examples}>
        {data?.captions.map(({ imageId, file, text, failure }) => (
          <li key={imageId}>
            <img src={media.thumbnail(imageId)} alt={file} decoding="async" />
            <span className={classes.text}>
              <span data-none={text === '' || undefined}>
                {failure === null ? (text === '' ? 'no words' : text) : failure.message}
              </span>
            </span>
          </li>
        ))}
      </ul>
    </Stack>
  );
}
