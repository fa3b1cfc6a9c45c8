import { Skeleton, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';

import type { CaptionPreview, CaptionSource } from '../../../electron/contract/captions.ts';
import { countOf, countText } from '../../components/quantities.ts';
import { media } from '../../studio/media.ts';
import { useStudioQuery } from '../../studio/studio.tsx';
import { isComplete } from './source-form.tsx';
import classes from './source-preview.module.css';

export interface Preview {
  readonly preview: CaptionPreview | undefined;
  readonly fault: string | null;
}

/** What a source would give, a moment after it was last changed; the last answer stays until the next. */
export function useSourcePreview(datasetId: number, source: CaptionSource, examples = 5): Preview {
  const [settled] = useDebouncedValue(source, 150);
  const { data, error } = useStudioQuery(
    'captions.preview',
    { datasetId, source: settled, examples },
    { enabled: isComplete(settled) && settled.kind !== 'model', keepPrevious: true },
  );
  // What a model says is known when it has looked.
  if (source.kind === 'model') return { preview: undefined, fault: null };
  return { preview: data, fault: isComplete(source) ? (data?.fault ?? error?.message ?? null) : null };
}

/** Captions as they would be, under real images, and how many images would have none. */
export function SourcePreview({
  source: { kind },
  preview,
}: {
  source: CaptionSource;
  preview: CaptionPreview | undefined;
}) {
  if (preview === undefined) return <Skeleton height={320} />;
  return (
    <Stack gap="sm" aria-live="polite">
      <Text size="sm" className="figures">
        {countOf(preview.captioned, 'image')} {kind === 'empty' ? 'without words' : 'with a caption'}
        {preview.uncaptioned > 0 && (
          <Text component="span" size="sm" c="var(--sf-accent)" className="figures">
            {`, ${countText(preview.uncaptioned)} without`}
          </Text>
        )}
      </Text>
      {preview.missing.map(({ field, images }) => (
        <Text key={field} size="sm" c="var(--sf-accent)" className="figures">
          {countOf(images, 'image')} {images === 1 ? 'has' : 'have'} no {field}; it is left out there.
        </Text>
      ))}
      <ul className={classes.examples}>
        {preview.examples.map(({ imageId, file, caption, missing }) => (
          <li key={imageId}>
            <img src={media.thumbnail(imageId)} alt={file} decoding="async" />
            <span className={classes.text}>
              <span data-none={caption === '' || undefined}>{caption === '' ? 'no words' : caption}</span>
              {missing.length > 0 && <span className={classes.missing}>without {missing.join(', ')}</span>}
            </span>
          </li>
        ))}
      </ul>
    </Stack>
  );
}
