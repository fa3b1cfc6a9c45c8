import { Button } from '@mantine/core';
import { IconAdjustments } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import type { Sample } from '../../../electron/contract/gallery.ts';
import type { Model } from '../../../electron/contract/models.ts';
import type { RunSummary } from '../../../electron/contract/runs.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { useFavourite, useLiveSamples } from '../../components/pictures/use-live-samples.ts';
import { useZoomStore } from '../../components/pictures/use-zoom.ts';
import { countOf } from '../../components/quantities.ts';
import { useKeys } from '../../components/use-keys.ts';
import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand, useStudioQuery } from '../../studio/studio.tsx';
import { type BenchDraft, draftOf, randomSeed, seedsOf } from './bench-draft.ts';
import { BenchForm } from './bench-form.tsx';
import { modelText } from './bench-models.ts';
import { BenchPair } from './bench-pair.tsx';
import { BenchResult } from './bench-result.tsx';
import classes from './bench-screen.module.css';
import { HistoryGrid } from './history-grid.tsx';
import { pageSize } from './history-layout.ts';

/** The settings at the left, the picture at the right, what was made before below it. */
export function BenchWork({
  first,
  models,
  runs,
}: {
  first: BenchDraft;
  models: readonly Model[];
  runs: readonly RunSummary[];
}) {
  useLiveSamples();
  const queries = useQueryClient();
  const zoom = useZoomStore();
  const setFavourite = useFavourite();
  const [draft, setDraft] = useState(first);
  const [shownId, setShownId] = useState<number | null>(null);
  const [picked, setPicked] = useState<readonly Sample[]>([]);
  const generate = useStudioCommand('gallery.generate');
  const remove = useStudioCommand('gallery.removeSamples');
  const history = useStudioQuery('gallery.history', { offset: 0, limit: pageSize }, { keepPrevious: true });
  const newest = history.data?.samples[0];
  const id = shownId ?? newest?.id ?? 0;
  const asked = useStudioQuery('gallery.sample', { sampleId: id }, { enabled: id > 0, keepPrevious: true });
  const shown = history.data?.samples.find((sample) => sample.id === id) ?? asked.data;
  const total = history.data?.total ?? 0;
  const refresh = () => queries.invalidateQueries({ queryKey: ['gallery.history'] });

  const make = () => {
    const { model } = draft;
    if (model === null || generate.isPending) return;
    const next = draft.seedLocked ? draft : { ...draft, seed: randomSeed(Math.random) };
    setDraft(next);
    const { prompt, negativePrompt, recipe } = next;
    generate.mutate(
      { model, prompt, negativePrompt, recipe, seeds: seedsOf(next) },
      {
        onSuccess: ({ sampleIds }) => {
          void refresh().then(() => {
            setShownId(sampleIds[0] ?? null);
          });
        },
        onError: showFailure,
      },
    );
  };
  const pick = (sample: Sample) => {
    if (sample.status !== 'ready') return;
    setPicked((now) =>
      now.some((one) => one.id === sample.id)
        ? now.filter((one) => one.id !== sample.id)
        : [...now, sample].slice(-2),
    );
  };
  useKeys(({ key, ctrlKey, metaKey }) => {
    if (key === 'Escape' && picked.length > 0) setPicked([]);
    else if (key.toLowerCase() === 'f' && !ctrlKey && !metaKey && shown?.status === 'ready')
      setFavourite(shown);
    else return false;
    return true;
  });
  const [a, b] = picked;

  return (
    <div className={classes.bench}>
      <BenchForm
        draft={draft}
        models={models}
        runs={runs}
        busy={generate.isPending}
        onChange={setDraft}
        onMake={make}
      />
      <div className={classes.side}>
        {shown === undefined ? (
          <EmptyState icon={<IconAdjustments size={40} stroke={1.2} />} title="Nothing made yet">
            Write a prompt, choose a model or an epoch of a run, and make a picture. Everything made stays
            below.
          </EmptyState>
        ) : (
          <BenchResult
            sample={shown}
            modelName={modelText(shown, models, runs)}
            zoom={zoom}
            onFavourite={() => {
              setFavourite(shown);
            }}
            onReuse={() => {
              setDraft(draftOf(shown, draft));
            }}
            onRemove={() => {
              remove.mutate(
                { sampleIds: [shown.id] },
                {
                  onSuccess: () => {
                    setShownId(null);
                    setPicked((now) => now.filter((one) => one.id !== shown.id));
                    void refresh();
                  },
                  onError: showFailure,
                },
              );
            }}
          />
        )}
        <div className={classes.below}>
          <div className={classes.belowBar}>
            <span className="figures">{total === 0 ? '' : countOf(total, 'picture')}</span>
            {picked.length === 1 ? (
              <span role="status">
                A is chosen; Ctrl+click the one to compare it with.{' '}
                <Button
                  size="compact-xs"
                  variant="subtle"
                  color="gray"
                  onClick={() => {
                    setPicked([]);
                  }}
                >
                  Cancel
                </Button>
              </span>
            ) : (
              <span className={classes.hint}>{total > 1 ? 'Ctrl+click two to compare them' : ''}</span>
            )}
          </div>
          <HistoryGrid
            total={total}
            shown={shown?.id ?? null}
            picked={picked.map((sample) => sample.id)}
            onShow={(sample) => {
              setShownId(sample.id);
            }}
            onPick={pick}
          />
        </div>
        {a !== undefined && b !== undefined && (
          <BenchPair
            a={a}
            b={b}
            nameOf={(sample) => modelText(sample, models, runs)}
            zoom={zoom}
            onSwap={() => {
              setPicked([b, a]);
            }}
            onClose={() => {
              setPicked([]);
            }}
          />
        )}
      </div>
    </div>
  );
}
