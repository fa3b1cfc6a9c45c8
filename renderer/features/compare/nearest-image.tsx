import { Badge, Loader, Text } from '@mantine/core';

import type { Sample } from '../../../electron/contract/gallery.ts';
import { failureText } from '../../../electron/contract/values.ts';
import { Picture } from '../../components/pictures/picture.tsx';
import { media } from '../../studio/media.ts';
import { useStudioQuery } from '../../studio/studio.tsx';
import classes from './nearest-image.module.css';

/** The training image that a picture is most like, how near it is, and what the untouched base came to. */
export function NearestImage({ sample, runId }: { sample: Sample; runId: number }) {
  const { data: likeness } = useStudioQuery('gallery.likeness', { runId }, { keepPrevious: true });
  const found = likeness?.pictures.find(({ sampleId }) => sampleId === sample.id);
  if (likeness === undefined) return null;
  return (
    <section className={classes.nearest} aria-label="Nearest training image">
      <Text size="xs" fw={600}>
        Nearest training image
      </Text>
      {found === undefined ? (
        <Text size="xs" c="dimmed">
          {likeness.state === 'working' && <Loader size={10} aria-hidden />}{' '}
          {likeness.failure === null
            ? likeness.state === 'working'
              ? 'Pictures are being compared…'
              : 'This picture was not compared: it cannot be read.'
            : failureText(likeness.failure)}
        </Text>
      ) : (
        <>
          {found.imageId !== null && (
            <span className={classes.image}>
              <Picture address={media.image(found.imageId)} alt={`The training image ${found.name}`} />
            </span>
          )}
          <Text size="xs" style={{ overflowWrap: 'anywhere' }}>
            {found.name}
          </Text>
          {found.copy && (
            <Badge color="yellow" variant="light" size="sm">
              Likely a copy
            </Badge>
          )}
          <dl className={`${classes.figures} figures`}>
            <dt>Distance</dt>
            <dd>{found.distance.toFixed(3)}</dd>
            {sample.epoch !== 0 && (
              <>
                <dt>Base’s picture</dt>
                <dd>{found.control === null ? 'not made' : found.control.toFixed(3)}</dd>
              </>
            )}
            {likeness.limit !== null && (
              <>
                <dt>Copy below</dt>
                <dd>{likeness.limit.toFixed(3)}</dd>
              </>
            )}
          </dl>
          <Text size="xs" c="dimmed">
            0: the same picture. 1: nothing in common. Measured by EfficientNet-Lite0.
          </Text>
        </>
      )}
    </section>
  );
}
