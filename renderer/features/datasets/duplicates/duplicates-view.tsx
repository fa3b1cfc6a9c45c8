import { Button, Group, Slider, Text } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { IconCheck, IconCopyCheck } from '@tabler/icons-react';
import { useState } from 'react';

import type { DatasetDetail } from '../../../../electron/contract/datasets.ts';
import { EmptyState } from '../../../components/empty-state.tsx';
import { FailureNote } from '../../../components/failure-note.tsx';
import { countOf } from '../../../components/quantities.ts';
import { showFailure } from '../../../studio/failure.ts';
import { useStudio, useStudioQuery } from '../../../studio/studio.tsx';
import { useMarking } from '../images/use-marking.ts';
import { DuplicateRow } from './duplicate-group.tsx';
import { bestOf, keptOut } from './duplicates.ts';
import classes from './duplicates-view.module.css';

/** As many groups are drawn at once; the rest follows when these are resolved. */
const mostGroups = 100;

/** Groups of equal and alike images, to keep one of each. */
export function DuplicatesView({ dataset }: { dataset: DatasetDetail }) {
  const [distance, setDistance] = useState(4);
  const [shownDistance, showDistance] = useState(4);
  const apply = useDebouncedCallback(setDistance, 250);
  const {
    data: groups,
    error,
    isFetching,
    refetch,
  } = useStudioQuery('datasets.duplicates', { datasetId: dataset.id, distance }, { keepPrevious: true });
  const { exclude, busy } = useMarking();
  const { resolveExact, resolving } = useResolveExact(dataset.id, (ids) => {
    exclude(ids, true);
  });
  const crossing = groups?.filter(({ crossesSplit }) => crossesSplit).length ?? 0;
  return (
    <div className={classes.view}>
      <div className={classes.head}>
        <Group gap="md" wrap="nowrap">
          <Text size="sm">Alike</Text>
          <Slider
            w={200}
            size="sm"
            min={0}
            max={16}
            label={null}
            thumbLabel="How different images may be to count as alike, in bits of 64"
            value={shownDistance}
            onChange={(value) => {
              showDistance(value);
              apply(value);
            }}
          />
          <Text size="sm" c="dimmed" className="figures" w={210}>
            {shownDistance === 0 ? 'Same to the eye' : `Up to ${shownDistance} of 64 bits differ`}
          </Text>
        </Group>
        <Text size="sm" c="dimmed" className="figures" aria-live="polite">
          {groups === undefined || isFetching
            ? 'Comparing …'
            : `${countOf(groups.length, 'group')}${crossing > 0 ? `, ${crossing} across the split` : ''}`}
        </Text>
        <Button
          variant="default"
          ml="auto"
          leftSection={<IconCopyCheck size={16} aria-hidden />}
          disabled={groups === undefined || groups.length === 0}
          loading={busy || resolving}
          onClick={resolveExact}
        >
          Resolve all exact
        </Button>
      </div>
      <div className={classes.groups} aria-busy={isFetching}>
        {error !== null && <FailureNote error={error} onRetry={() => void refetch()} />}
        {groups?.length === 0 && error === null && (
          <EmptyState icon={<IconCheck size={40} stroke={1.2} />} title="No duplicates">
            No two images are this much alike. Move the slider to find less similar ones.
          </EmptyState>
        )}
        {groups?.slice(0, mostGroups).map((group) => (
          <DuplicateRow
            key={group.images.map(({ id }) => id).join()}
            group={group}
            onExclude={(ids) => {
              exclude(ids, true);
            }}
          />
        ))}
        {groups !== undefined && groups.length > mostGroups && (
          <Text size="sm" c="dimmed" py="md">
            {countOf(groups.length - mostGroups, 'more group')}, shown as these are resolved.
          </Text>
        )}
      </div>
    </div>
  );
}

/**
 * Excludes all but one of every group of equal files. They are asked for by themselves: among what is merely alike,
 * equal files lie within larger groups.
 */
function useResolveExact(
  datasetId: number,
  exclude: (imageIds: readonly number[]) => void,
): { readonly resolveExact: () => void; readonly resolving: boolean } {
  const client = useStudio();
  const [resolving, setResolving] = useState(false);
  return {
    resolving,
    resolveExact: () => {
      setResolving(true);
      client
        .call('datasets.duplicates', { datasetId, exact: true })
        .then((groups) => {
          const ids = groups.flatMap((group) => keptOut(group, bestOf(group)));
          if (ids.length > 0) exclude(ids);
          notifications.show({
            title: ids.length === 0 ? 'No two files are equal' : `${countOf(ids.length, 'image')} excluded`,
            message: ids.length === 0 ? 'These images are alike, not equal.' : 'Ctrl+Z includes them again.',
            withBorder: true,
          });
        }, showFailure)
        .finally(() => {
          setResolving(false);
        });
    },
  };
}
