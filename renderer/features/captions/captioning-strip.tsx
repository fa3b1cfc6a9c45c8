import { Button, Group, Progress, Stack, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';

import { StudioFailure } from '../../../electron/connection/studio-failure.ts';
import type { Captioning } from '../../../electron/contract/captioners.ts';
import { durationText } from '../../../electron/contract/quantities.ts';
import { FailureNote } from '../../components/failure-note.tsx';
import { countOf, countText, rateText } from '../../components/quantities.ts';
import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand, useStudioEvent, useStudioQuery } from '../../studio/studio.tsx';

/** What models have to caption of a data set, each as its last word has it. */
export function useCaptioning(datasetId: number): readonly Captioning[] {
  const queries = useQueryClient();
  const { data = [] } = useStudioQuery('captioners.work', { datasetId });
  useStudioEvent('captioners.progress', (told) => {
    queries.setQueryData<readonly Captioning[]>(['captioners.work', { datasetId }], (known) =>
      known?.map((work) => (work.captionSetId === told.captionSetId ? told : work)),
    );
  });
  return data;
}

/** How far a model is with a set, or why it stopped; nothing where none is at it. */
export function CaptioningStrip({ datasetId, captionSetId }: { datasetId: number; captionSetId: number }) {
  const work = useCaptioning(datasetId).find((one) => one.captionSetId === captionSetId);
  const pause = useStudioCommand('captioners.pause');
  const resume = useStudioCommand('captioners.resume');
  const cancel = useStudioCommand('captioners.cancel');
  if (work === undefined) return null;
  const { status, done, total, failed, perSecond, secondsLeft, failure } = work;
  const onError = showFailure;
  const goesOn = status === 'running' || status === 'waiting';
  const figures = [
    `${countText(done)} of ${countOf(total, 'image')}`,
    perSecond === null ? '' : rateText(perSecond),
    secondsLeft === null ? '' : `${durationText(secondsLeft)} left`,
    failed === 0 ? '' : `${countText(failed)} could not be captioned`,
  ].filter((part) => part !== '');
  return (
    <Stack gap={8} mb="md">
      <Group justify="space-between" gap="md" wrap="nowrap" role="status">
        <Text size="sm" fw={500} truncate>
          {words[status]}
        </Text>
        <Group gap="sm" wrap="nowrap">
          <Text size="sm" c="dimmed" className="figures">
            {figures.join(' · ')}
          </Text>
          <Button
            size="compact-xs"
            variant="default"
            loading={pause.isPending || resume.isPending}
            onClick={() => {
              (goesOn ? pause : resume).mutate({ captionSetId }, { onError });
            }}
          >
            {goesOn ? 'Pause' : status === 'finished' ? 'Try these again' : 'Go on'}
          </Button>
          <Button
            size="compact-xs"
            variant="default"
            loading={cancel.isPending}
            onClick={() => {
              cancel.mutate({ captionSetId }, { onError });
            }}
          >
            {status === 'finished' ? 'Dismiss' : 'Stop here'}
          </Button>
        </Group>
      </Group>
      <Progress size={4} value={total === 0 ? 100 : (done / total) * 100} aria-label={words[status]} />
      {failure !== null && !goesOn && <FailureNote error={new StudioFailure(failure)} />}
    </Stack>
  );
}

const words: Readonly<Record<Captioning['status'], string>> = {
  running: 'Captioning',
  waiting: 'Waiting to caption',
  paused: 'Captioning is paused',
  failed: 'Captioning has stopped',
  finished: 'Captioned',
};
