import { Button, Skeleton, Stack, Text, Title } from '@mantine/core';
import { IconFlame } from '@tabler/icons-react';

import type { RunPlan, RunRequest } from '../../../electron/contract/runs.ts';
import { EpochRuler } from '../../components/epoch-ruler.tsx';
import { FailureNote } from '../../components/failure-note.tsx';
import { Notice } from '../../components/notice.tsx';
import { countOf, countText } from '../../components/quantities.ts';
import classes from './plan-panel.module.css';
import { eachRun, lacksDisk, planRows } from './plan-rows.ts';
import { useUnwritten } from './unwritten-captions.ts';

/** What would be done, kept up to date, and the button that does it. */
export function PlanPanel({
  request,
  plan,
  error,
  stale,
  faults,
  starting,
  currency,
  onStart,
}: {
  request: RunRequest;
  plan: RunPlan | undefined;
  error: unknown;
  /** A newer plan is under way. */
  stale: boolean;
  /** How many fields of the form are wrong. */
  faults: number;
  starting: boolean;
  currency: string;
  onStart: () => void;
}) {
  const bases = new Set([request.baseModelId, ...request.moreBaseIds]).size;
  const tried = (request.sweep ?? []).reduce((count, { values }) => count * new Set(values).size, 1);
  const runs = request.captionSetIds.length * request.shares.length * bases * tried;
  const isOld = (stale || faults > 0) && !error;
  return (
    <aside className={classes.panel} aria-label="Plan">
      <div
        className={`${classes.scrolling} fades`}
        role="region"
        aria-label="What would be done"
        tabIndex={0}
      >
        <div className={classes.heading}>
          <Title order={2} size="h5">
            Plan
          </Title>
          {plan !== undefined && isOld && <span className={classes.old}>before the last change</span>}
        </div>
        {error !== null && error !== undefined ? (
          <FailureNote error={error} />
        ) : plan === undefined && faults > 0 ? (
          <Text size="sm" c="dimmed">
            Steps, time, disk and memory appear here once the form is complete.
          </Text>
        ) : plan === undefined ? (
          <Waiting />
        ) : (
          <Plan plan={plan} request={request} currency={currency} stale={isOld} />
        )}
      </div>
      <div className={classes.foot}>
        <Button
          fullWidth
          size="md"
          leftSection={<IconFlame size={18} aria-hidden />}
          loading={starting}
          disabled={faults > 0 || (error !== null && error !== undefined) || lacksDisk(plan)}
          onClick={onStart}
        >
          {runs > 1 ? `Train ${runs} runs` : 'Train'}
        </Button>
        <Text size="xs" c="dimmed" ta="center" mt={8} mih={18} role="status">
          {lacksDisk(plan) && faults === 0
            ? 'Keep fewer checkpoints, or make room on the disk.'
            : hindrance(request, faults)}
        </Text>
      </div>
    </aside>
  );
}

/** Counts what has a dot on the ruler below, which of several runs that differ in their epochs is the first's. */
function planTitle({ runs, epochs, checkpoints, each }: RunPlan): string {
  const kept = `the base and ${countOf(checkpoints.length, 'checkpoint')}`;
  if (runs === 1) return `${countOf(epochs, 'epoch')}, ${kept}`;
  const several = new Set(each.map((run) => run.steps)).size > 1 ? ' in the first' : ' in each';
  return `${countText(runs)} runs; ${countOf(epochs, 'epoch')}, ${kept}${several}`;
}

function hindrance({ captionSetIds }: RunRequest, faults: number): string {
  if (faults === 0) return ' ';
  if (faults === 1 && captionSetIds.length === 0) return 'Choose captions first, or train without words.';
  return `${countOf(faults, 'field')} of the form ${faults === 1 ? 'needs' : 'need'} correcting.`;
}

function Plan({
  plan,
  request,
  currency,
  stale,
}: {
  plan: RunPlan;
  request: RunRequest;
  currency: string;
  stale: boolean;
}) {
  const unwritten = useUnwritten(request);
  const warnings = [...(unwritten === null ? [] : [unwritten]), ...plan.warnings];
  return (
    <div aria-busy={stale}>
      <Text size="sm" c="dimmed" mb={8} className="figures">
        {planTitle(plan)}
      </Text>
      {warnings.length > 0 && (
        <div style={{ marginBottom: 12 }}>
          <Notice title="Before you start">{warnings.join('\n')}</Notice>
        </div>
      )}
      <EpochRuler epochs={plan.epochs} checkpoints={plan.checkpoints} />
      <dl className={`${classes.rows} figures`}>
        {planRows(plan, request.costRate, currency).map(({ name, value, note, alarming }) => (
          <Row key={name} name={name} value={value} note={note} alarming={alarming} />
        ))}
      </dl>
      {plan.each.length > 0 && (
        <>
          <Text size="xs" fw={600} c="dimmed" mt={16}>
            Runs, one after the other
          </Text>
          <ul className={classes.examples}>
            {eachRun(plan).map(({ name, text }) => (
              <li key={name} title={name}>
                {name}
                <Text size="xs" c="dimmed" className="figures">
                  {text}
                </Text>
              </li>
            ))}
          </ul>
        </>
      )}
      <Text size="xs" fw={600} c="dimmed" mt={16}>
        Captions used
      </Text>
      <ul className={classes.examples}>
        {plan.captionExamples.map((caption, index) => (
          <li key={index} title={caption}>
            {caption === '' ? (
              <Text component="i" c="dimmed">
                no words
              </Text>
            ) : (
              caption
            )}
          </li>
        ))}
      </ul>
      {plan.unknownWords.length > 0 && (
        <Text size="xs" c="dimmed" mt={10}>
          The base hardly knows {quotedList(plan.unknownWords)}: it learns from your images alone what{' '}
          {plan.unknownWords.length === 1 ? 'that means' : 'they mean'}.
        </Text>
      )}
    </div>
  );
}

/** `“a”, “b” and “c”` */
function quotedList(words: readonly string[]): string {
  return new Intl.ListFormat('en-GB').format(words.map((word) => `“${word}”`));
}

function Row({
  name,
  value,
  note,
  alarming,
}: {
  name: string;
  value: string;
  note: string | null;
  alarming: boolean;
}) {
  return (
    <>
      <dt>{name}</dt>
      <dd className={alarming ? classes.alarming : undefined}>
        {value}
        {note !== null && <span className={classes.note}>{note}</span>}
      </dd>
    </>
  );
}

function Waiting() {
  return (
    <Stack gap={14} mt={8} aria-label="Making the plan" role="status">
      <Skeleton height={18} width="60%" />
      <Skeleton height={30} />
      {Array.from({ length: 7 }, (_, index) => (
        <Skeleton key={index} height={24} />
      ))}
    </Stack>
  );
}
