import { Anchor, Button, Center } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconPhotoPlus, IconRotate } from '@tabler/icons-react';
import { Link, useLocation } from 'wouter';

import { usualLearningRate } from '../../../electron/contract/learning-rates.ts';
import type { RunRequest } from '../../../electron/contract/runs.ts';
import { settingAdvice } from '../../../electron/contract/setting-advice.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { FailureNote } from '../../components/failure-note.tsx';
import { Loading } from '../../components/loading.tsx';
import { countOf } from '../../components/quantities.ts';
import { Screen } from '../../components/screen.tsx';
import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand, useStudioQuery } from '../../studio/studio.tsx';
import { AdvancedSection } from './advanced-section.tsx';
import { CaptionSection } from './caption-section.tsx';
import { ClassSection } from './class-section.tsx';
import { CostSection } from './cost-section.tsx';
import { DatasetSection } from './dataset-section.tsx';
import { useDraft } from './draft-context.ts';
import { fieldMessages, messageAt } from './field-messages.ts';
import { BaseSection, MethodSection } from './method-section.tsx';
import { PlanPanel } from './plan-panel.tsx';
import { type Edits, requestOf } from './request-draft.ts';
import { RequestFormContext } from './request-form.ts';
import { SamplesSection } from './samples-section.tsx';
import { showSeveral } from './show-several.tsx';
import { SweepSection } from './sweep-section.tsx';
import classes from './train-screen.module.css';

/** Puts a run together: a short form with good defaults, the plan beside it, and one button. */
export function TrainScreen() {
  const { choice, edits, startOver } = useDraft();
  const defaults = useStudioQuery('runs.defaults', choice, { keepPrevious: true });
  const datasets = useStudioQuery('datasets.list', {});
  const runs = useStudioQuery('runs.list', {});
  const untouched = Object.keys(edits).length === 0 && Object.values(choice).every((part) => part === null);
  return (
    <Screen
      title="Train"
      scrolls={false}
      actions={
        <>
          {runs.data !== undefined && runs.data.length > 0 && (
            <Anchor component={Link} href="/runs" size="sm" mr={8}>
              {countOf(runs.data.length, 'run')} so far
            </Anchor>
          )}
          <Button
            variant="default"
            size="xs"
            leftSection={<IconRotate size={14} aria-hidden />}
            disabled={untouched}
            onClick={startOver}
          >
            Start over
          </Button>
        </>
      }
    >
      {datasets.data?.length === 0 ? (
        <NoDataset />
      ) : defaults.data !== undefined ? (
        <TrainForm
          request={requestOf(defaults.data, edits)}
          usual={requestOf(defaults.data, onlyOptimizer(edits))}
        />
      ) : defaults.error !== null ? (
        <Center h="100%" p="xl">
          <FailureNote error={defaults.error} onRetry={() => void defaults.refetch()} />
        </Center>
      ) : (
        <Loading />
      )}
    </Screen>
  );
}

/** What the studio would propose for this method and optimizer, whatever else was written. */
function onlyOptimizer({ train }: Edits): Edits {
  return train?.optimizer === undefined ? {} : { train: { optimizer: train.optimizer } };
}

function TrainForm({ request, usual }: { request: RunRequest; usual: RunRequest }) {
  const { edit, forgetStarted } = useDraft();
  const [, goTo] = useLocation();
  const datasets = useStudioQuery('datasets.list', {}).data ?? [];
  const models = useStudioQuery('models.list', {}).data ?? [];
  const currency = useStudioQuery('system.settings', {}).data?.currency ?? 'EUR';
  const messages = fieldMessages(request);
  const [settled] = useDebouncedValue(JSON.stringify(request), 250);
  const valid = messages.size === 0;
  const plan = useStudioQuery(
    'runs.plan',
    { request: JSON.parse(settled) as RunRequest },
    { enabled: valid && settled === JSON.stringify(request), keepPrevious: true },
  );
  const current = plan.isPlaceholderData ? undefined : plan.data;
  const advice = settingAdvice(request, {
    usualRate: usual.train.learningRate ?? usualLearningRate(request.method.kind, request.train.optimizer),
    baseResolution: models.find(({ id }) => id === request.baseModelId)?.resolution ?? null,
    images: current?.images ?? null,
    steps: current?.steps ?? null,
    heldOut: current?.heldOut ?? null,
    checkpoints: current?.checkpoints.length ?? null,
  });
  const start = useStudioCommand('runs.start');
  const onStart = () => {
    start.mutate(
      { request },
      {
        onSuccess: ({ runIds }) => {
          forgetStarted();
          const [first] = runIds;
          goTo(first === undefined ? '/runs' : `/runs/${first}`);
          if (runIds.length > 1) showSeveral(runIds, goTo);
        },
        onError: showFailure,
      },
    );
  };
  return (
    <RequestFormContext
      value={{
        ...{ request, edit, currency },
        message: (path) => messageAt(messages, path),
        warning: (path) => advice.get(path),
      }}
    >
      <div className={classes.columns}>
        <div className={classes.form}>
          <div className={classes.fields}>
            <DatasetSection datasets={datasets} />
            <CaptionSection />
            <BaseSection models={models} />
            <MethodSection />
            {request.method.kind !== 'embedding' && <ClassSection />}
            <SamplesSection planned={plan.data?.prompts ?? []} />
            <CostSection />
            <AdvancedSection buckets={plan.data?.buckets ?? []} />
            <SweepSection />
          </div>
        </div>
        <PlanPanel
          request={request}
          plan={plan.data}
          error={valid ? plan.error : null}
          stale={plan.isPlaceholderData || settled !== JSON.stringify(request)}
          faults={messages.size}
          starting={start.isPending}
          currency={currency}
          onStart={onStart}
        />
      </div>
    </RequestFormContext>
  );
}

function NoDataset() {
  return (
    <EmptyState
      icon={<IconPhotoPlus size={40} stroke={1.2} />}
      title="There are no images to train on yet"
      action={
        <Button component={Link} href="/datasets">
          Add images
        </Button>
      }
    >
      A folder of pictures is enough. Captions are taken from it where it has them, or made from a template.
    </EmptyState>
  );
}
