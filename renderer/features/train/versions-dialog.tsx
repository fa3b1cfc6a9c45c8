import { Button, Modal, Stack, Text } from '@mantine/core';
import { useState } from 'react';

import { mostShownVersions, shownAtOnce } from '../../../electron/contract/datasets.ts';
import type { RunPlan } from '../../../electron/contract/runs.ts';
import { DialogFoot } from '../../components/dialog-foot.tsx';
import { FailureNote } from '../../components/failure-note.tsx';
import { Loading } from '../../components/loading.tsx';
import { useStudioQuery } from '../../studio/studio.tsx';
import { useRequestForm } from './request-form.ts';
import classes from './versions-dialog.module.css';

/** What training draws from of a few images, the image as it is first. */
export function VersionsDialog({ buckets, onClose }: { buckets: RunPlan['buckets']; onClose: () => void }) {
  const { request } = useRequestForm();
  const [first, setFirst] = useState(0);
  const { seed, randomFlip, augmentation } = request.train;
  const { data, error } = useStudioQuery(
    'datasets.versions',
    {
      ...{ datasetId: request.datasetId, seed, randomFlip, augmentation, first },
      buckets: buckets.map(({ width, height }) => ({ width, height })),
    },
    { keepPrevious: true },
  );
  const versions = data?.images[0]?.versions.length ?? 0;
  return (
    <Modal opened onClose={onClose} title="What is trained on" size="xl" centered>
      <Stack gap="md">
        <Text size="sm" c="dimmed">
          Each time an image comes up, one of its versions is drawn.
          {versions === mostShownVersions && ` The first ${mostShownVersions} are shown.`} Held-out images
          stay as they are.
        </Text>
        {error !== null && <FailureNote error={error} />}
        {data === undefined && error === null && <Loading />}
        <div className={classes.rows}>
          {data?.images.map(({ imageId, file, versions: shown }) => (
            <div key={imageId} className={classes.row} role="group" aria-label={file}>
              {shown.map((picture, index) => (
                <figure key={index} className={classes.version}>
                  <img
                    src={picture}
                    alt={index === 0 ? `${file} as it is` : `${file}, version ${index + 1}`}
                  />
                  <figcaption>{index === 0 ? 'As it is' : `Version ${index + 1}`}</figcaption>
                </figure>
              ))}
            </div>
          ))}
        </div>
        <DialogFoot>
          {(data?.total ?? 0) > shownAtOnce && (
            <Button
              variant="default"
              onClick={() => {
                setFirst((first + shownAtOnce) % (data?.total ?? 1));
              }}
            >
              Other images
            </Button>
          )}
          <Button onClick={onClose}>Close</Button>
        </DialogFoot>
      </Stack>
    </Modal>
  );
}
