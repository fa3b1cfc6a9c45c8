import { Button } from '@mantine/core';
import { IconAdjustments } from '@tabler/icons-react';
import { useState } from 'react';

import type { Sample } from '../../../electron/contract/gallery.ts';
import type { Model } from '../../../electron/contract/models.ts';
import type { RunSummary } from '../../../electron/contract/runs.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { useAskLowestKept } from '../../components/lowest-kept.ts';
import { useFavourite, useLiveSamples } from '../../components/pictures/use-live-samples.ts';
import { useZoomStore } from '../../components/pictures/use-zoom.ts';
import { countOf } from '../../components/quantities.ts';
import { useKeys } from '../../components/use-keys.ts';
import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand, useStudioQuery } from '../../studio/studio.tsx';
import { type BenchDraft, draftOf, withModel } from './bench-draft.ts';
import { BenchForm } from './bench-form.tsx';
import { baseOf, modelOfChoice, modelText } from './bench-models.ts';
import { BenchPair } from './bench-pair.tsx';
import { BenchResult } from './bench-result.tsx';
import classes from './bench-screen.module.css';
import { HistoryGrid } from './history-grid.tsx';
import { pageSize } from './history-layout.ts';
import { useMaking } from './use-making.ts';
import { type Picked, usePicked } from './use-picked.ts';

/** The settings at the left, the picture at the right, what was made before below it. */
export function BenchWork({
  first,
  models,
  runs,
  onChange,
}: {
  first: BenchDraft;
  models: readonly Model[];
  runs: readonly RunSummary[];
  /** Other settings are chosen than those it began with. */
  onChange: () => void;
}) {
  useLiveSamples();
  const zoom = useZoomStore();
  const setFavourite = useFavourite();
  const { shown, total, show } = useShown();
  const { draft, setDraft, make, busy } = useMaking(first, show);
  const change = (next: BenchDraft) => {
    setDraft(next);
    onChange();
  };
  const askLowest = useAskLowestKept();
  const chooseModel = (choice: string) => {
    const next = modelOfChoice(choice, runs);
    if (next === null) return;
    const resolution = baseOf(next, models, runs)?.resolution ?? draft.recipe.width;
    change(withModel(draft, next, baseOf(draft.model, models, runs)?.resolution ?? null, resolution));
    const run = next.kind === 'run' ? runs.find(({ id }) => id === next.runId) : undefined;
    if (run === undefined) return;
    void askLowest(run).then((lowest) => {
      if (lowest === null) return;
      // Not where somebody has chosen another meanwhile.
      setDraft((was) => (was.model === next ? { ...was, model: { ...next, epoch: lowest.epoch } } : was));
    });
  };
  const picked = usePicked();
  const remove = useStudioCommand('gallery.removeSamples');
  const makeAgain = useStudioCommand('gallery.makeAgain');
  const nameOf = (sample: Sample) => modelText(sample, models, runs);
  const removeShown = ({ id }: Sample) => {
    const onSuccess = () => {
      show(null);
      picked.letGo(id);
    };
    remove.mutate({ sampleIds: [id] }, { onSuccess, onError: showFailure });
  };
  useKeys(({ key, ctrlKey, metaKey }) => {
    if (key === 'Escape' && picked.samples.length > 0) picked.clear();
    else if (key.toLowerCase() === 'f' && !ctrlKey && !metaKey && shown?.status === 'ready')
      setFavourite(shown);
    else return false;
    return true;
  });
  const [a, b] = picked.samples;

  return (
    <div className={classes.bench}>
      <BenchForm
        {...{ draft, models, runs, busy }}
        onChange={change}
        onChooseModel={chooseModel}
        onMake={make}
      />
      <div className={classes.side}>
        {shown === undefined ? (
          <EmptyState icon={<IconAdjustments size={40} stroke={1.2} />} title="Nothing made yet">
            Choose a model or an epoch of a run, write a prompt and make a picture. Everything you make stays
            below.
          </EmptyState>
        ) : (
          <BenchResult
            sample={shown}
            modelName={nameOf(shown)}
            zoom={zoom}
            onFavourite={() => {
              setFavourite(shown);
            }}
            onReuse={() => {
              change(draftOf(shown, draft));
            }}
            onRetry={() => {
              makeAgain.mutate({ sampleId: shown.id }, { onError: showFailure });
            }}
            onRemove={() => {
              removeShown(shown);
            }}
          />
        )}
        <History total={total} shown={shown?.id ?? null} picked={picked} onShow={show} />
        {a !== undefined && b !== undefined && (
          <BenchPair {...{ a, b, nameOf, zoom }} onSwap={picked.swap} onClose={picked.clear} />
        )}
      </div>
    </div>
  );
}

/** The picture that is looked at: the one somebody chose, else the newest. */
function useShown() {
  const [chosen, show] = useState<number | null>(null);
  const history = useStudioQuery('gallery.history', { offset: 0, limit: pageSize }, { keepPrevious: true });
  const id = chosen ?? history.data?.samples[0]?.id ?? 0;
  const asked = useStudioQuery('gallery.sample', { sampleId: id }, { enabled: id > 0, keepPrevious: true });
  return {
    shown: history.data?.samples.find((sample) => sample.id === id) ?? asked.data,
    total: history.data?.total ?? 0,
    show,
  };
}

/** What was made before, and how two of them are compared. */
function History({
  total,
  shown,
  picked,
  onShow,
}: {
  total: number;
  shown: number | null;
  picked: Picked;
  onShow: (sampleId: number) => void;
}) {
  return (
    <div className={classes.below}>
      <div className={classes.belowBar}>
        <span className="figures">{total === 0 ? '' : countOf(total, 'picture')}</span>
        {picked.samples.length === 1 ? (
          <span role="status">
            A is chosen. Ctrl+click the picture to compare it with.{' '}
            <Button size="compact-xs" variant="subtle" color="gray" onClick={picked.clear}>
              Cancel
            </Button>
          </span>
        ) : (
          <span className={classes.hint}>{total > 1 ? 'Ctrl+click two pictures to compare them' : ''}</span>
        )}
      </div>
      <HistoryGrid
        total={total}
        shown={shown}
        picked={picked.samples.map(({ id }) => id)}
        onShow={({ id }) => {
          onShow(id);
        }}
        onPick={picked.pick}
      />
    </div>
  );
}
