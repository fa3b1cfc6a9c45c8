import { Text, Title } from '@mantine/core';

import { priorText } from '../../../electron/contract/prior-spec.ts';
import type { RunDetail } from '../../../electron/contract/runs.ts';
import { countText } from '../../components/quantities.ts';
import { media } from '../../studio/media.ts';
import { useStudioQuery } from '../../studio/studio.tsx';
import classes from './class-images.module.css';

/** More would say no more of what they are like. */
const shown = 24;

/** What a run is trained on beside its images, of their kind. */
export function ClassImages({ run }: { run: RunDetail }) {
  const { prior } = run.request;
  return prior === null ? null : <Pictures runId={run.id} title={priorText(prior)} />;
}

function Pictures({ runId, title }: { runId: number; title: string }) {
  const count = useStudioQuery('runs.classImages', { runId }).data?.images;
  if (count === undefined) return null;
  return (
    <section aria-label="Class images">
      <Title order={3} size="h6">
        Class images
      </Title>
      <Text size="xs" c="dimmed" mb={6}>
        {title}
        {count > shown && `; the first ${shown} of ${countText(count)}`}
      </Text>
      {count === 0 ? (
        <Text size="sm">The base makes them before training begins.</Text>
      ) : (
        <ul className={classes.pictures}>
          {Array.from({ length: Math.min(count, shown) }, (_, at) => (
            <li key={at}>
              <img src={media.classImage(runId, at)} alt={`Class image ${at + 1}`} loading="lazy" />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
