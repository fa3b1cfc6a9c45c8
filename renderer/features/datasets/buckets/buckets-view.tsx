import { Group, Stack, Text } from '@mantine/core';

import type { Bucket, DatasetDetail } from '../../../../electron/contract/datasets.ts';
import { FailureNote } from '../../../components/failure-note.tsx';
import { countText } from '../../../components/quantities.ts';
import { useStudioQuery } from '../../../studio/studio.tsx';
import { averageCrop } from '../images/crop.ts';
import { CropChoice } from '../images/crop-choice.tsx';
import { useView } from '../use-view.tsx';
import classes from './buckets-view.module.css';

const percent = (part: number) => `${(part * 100).toFixed(part < 0.0995 && part > 0 ? 1 : 0)} %`;

/** Which sizes the training images are brought to, how many to each, and what is lost by it. */
export function BucketsView({ dataset }: { dataset: DatasetDetail }) {
  const crop = useView((state) => state.crop);
  const {
    data: buckets,
    error,
    refetch,
  } = useStudioQuery('datasets.buckets', { datasetId: dataset.id, ...crop }, { keepPrevious: true });
  const most = Math.max(1, ...(buckets ?? []).map(({ images }) => images));
  return (
    <div className={classes.view}>
      <Group justify="space-between" wrap="nowrap" gap="xl" mb="lg">
        <Text size="sm" c="dimmed" maw={640}>
          Images of one bucket are trained together. Each is scaled to fill the bucket nearest to its shape;
          what sticks out is cropped evenly on both sides.
        </Text>
        <Group gap="sm" wrap="nowrap" flex="none">
          <Text size="sm" className="figures">
            {buckets === undefined ? '' : `On average ${percent(averageCrop(buckets))} cropped`}
          </Text>
          <CropChoice />
        </Group>
      </Group>
      {error !== null && <FailureNote error={error} onRetry={() => void refetch()} />}
      {buckets?.length === 0 && (
        <Stack>
          <Text size="sm">There are no images to train on: all are excluded or held out.</Text>
        </Stack>
      )}
      {buckets !== undefined && buckets.length > 0 && (
        <table className={classes.table}>
          <thead>
            <tr>
              <th scope="col">Shape</th>
              <th scope="col">Size</th>
              <th scope="col">Images</th>
              <th scope="col">Cropped</th>
            </tr>
          </thead>
          <tbody className="figures">
            {buckets.map((bucket) => (
              <BucketRow key={`${bucket.width}x${bucket.height}`} bucket={bucket} most={most} />
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

function BucketRow({ bucket: { width, height, images, cropped }, most }: { bucket: Bucket; most: number }) {
  const scale = 28 / Math.max(width, height);
  return (
    <tr>
      <td className={classes.shape}>
        <span style={{ width: width * scale, height: height * scale }} />
      </td>
      <td className={classes.size}>
        {width} × {height}
      </td>
      <td>
        <div className={classes.bar}>
          <span style={{ width: `${(images / most) * 100}%` }} />
          <b>{countText(images)}</b>
        </div>
      </td>
      <td className={classes.cropped}>{percent(cropped)}</td>
    </tr>
  );
}
