import { ActionIcon, Text, Tooltip } from '@mantine/core';
import { IconStar, IconStarFilled } from '@tabler/icons-react';
import { useState } from 'react';
import { useLocation } from 'wouter';

import type { Sample } from '../../../electron/contract/gallery.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { FailureNote } from '../../components/failure-note.tsx';
import { Picture } from '../../components/pictures/picture.tsx';
import { sampleAddress } from '../../components/pictures/sample-address.ts';
import { useFavourite, useLiveSamples } from '../../components/pictures/use-live-samples.ts';
import { promptText } from '../../components/prompt-text.ts';
import { useStudioQuery } from '../../studio/studio.tsx';
import { compareAddress } from './chosen-runs.ts';
import classes from './favourites.module.css';
import { epochText } from './labels.ts';

/** The pictures somebody marked, of all runs and of the bench, newest first. */
export function Favourites() {
  useLiveSamples();
  const { data, error, refetch } = useStudioQuery('gallery.favourites', {});
  const runs = useStudioQuery('runs.list', {});
  const setFavourite = useFavourite();
  const [, navigate] = useLocation();
  // What has just been unmarked stays until somebody leaves, to be marked again.
  const [seen, setSeen] = useState<ReadonlyMap<number, Sample>>(new Map());

  if (error !== null) return <FailureNote error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return null;
  const shown = [...new Map([...seen, ...data.map((sample) => [sample.id, sample] as const)]).values()].sort(
    (a, b) => b.createdAt - a.createdAt || b.id - a.id,
  );
  if (shown.length === 0) {
    return (
      <EmptyState icon={<IconStar size={40} stroke={1.2} />} title="No favourites yet">
        Press F on a picture, in the grid or on the bench, to add it.
      </EmptyState>
    );
  }
  return (
    <ul className={classes.list}>
      {shown.map((sample) => {
        const run = runs.data?.find(({ id }) => id === sample.runId);
        const where = [
          ...(sample.epoch === null ? [] : [epochText(sample.epoch)]),
          `seed ${sample.seed}`,
          ...(run === undefined ? [] : [run.name]),
        ].join(', ');
        return (
          <li key={sample.id} className={classes.item}>
            <button
              type="button"
              className={classes.picture}
              style={{ aspectRatio: sample.recipe.width / sample.recipe.height }}
              aria-label={`${promptText(sample)}, ${where}`}
              onClick={() => {
                navigate(
                  run === undefined
                    ? `/bench?sample=${sample.id}`
                    : `${compareAddress([run.id])}&sample=${sample.id}`,
                );
              }}
            >
              <Picture address={sampleAddress(sample)} alt="" />
            </button>
            <div className={classes.words}>
              <div className={classes.text}>
                <Text size="sm" truncate title={promptText(sample)}>
                  {promptText(sample)}
                </Text>
                <Text size="xs" c="dimmed" truncate className="figures">
                  {where}
                </Text>
              </div>
              <Tooltip label={sample.favourite ? 'Remove from favourites' : 'Add to favourites'}>
                <ActionIcon
                  variant="subtle"
                  color={sample.favourite ? 'clay' : 'gray'}
                  aria-label="Favourite"
                  aria-pressed={sample.favourite}
                  onClick={() => {
                    setSeen(new Map([...seen, [sample.id, { ...sample, favourite: !sample.favourite }]]));
                    setFavourite(sample);
                  }}
                >
                  {sample.favourite ? <IconStarFilled size={16} /> : <IconStar size={16} />}
                </ActionIcon>
              </Tooltip>
            </div>
          </li>
        );
      })}
    </ul>
  );
}
