import { ActionIcon, Text } from '@mantine/core';
import { IconChevronDown, IconChevronUp } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import { Link } from 'wouter';

import { durationText, lossText } from '../../../electron/contract/quantities.ts';
import type { RunProgress, RunSummary } from '../../../electron/contract/runs.ts';
import { moneyText } from '../../components/quantities.ts';
import { showFailure } from '../../studio/failure.ts';
import { media } from '../../studio/media.ts';
import { useStudioCommand } from '../../studio/studio.tsx';
import classes from './run-list.module.css';
import { groupRuns, movedPosition } from './run-order.ts';
import { isUnderWay, queuedText, standstillText, statusColor, statusText } from './run-status.ts';
import { runView } from './run-view.ts';
import { splitName } from './split-name.ts';
import { useRunProgress } from './use-run-progress.ts';

/** All runs: the one under way, the queue in its order, and those that were. */
export function RunList({
  runs,
  chosen,
  currency,
}: {
  runs: readonly RunSummary[];
  chosen: number | null;
  currency: string;
}) {
  const { underWay, queued, waiting, past } = groupRuns(runs);
  const item = (run: RunSummary) => ({ run, here: run.id === chosen, currency });
  return (
    <nav className={classes.list} aria-label="Runs">
      <Group title="Under way" runs={underWay}>
        {underWay.map((run) => (
          <Item key={run.id} {...item(run)} />
        ))}
      </Group>
      <Queue queued={queued} chosen={chosen} currency={currency} />
      <Group title="Can be resumed" runs={waiting}>
        {waiting.map((run) => (
          <Item key={run.id} {...item(run)} />
        ))}
      </Group>
      <Group title="Earlier" runs={past}>
        {past.map((run) => (
          <Item key={run.id} {...item(run)} />
        ))}
      </Group>
    </nav>
  );
}

function Group({
  title,
  runs,
  children,
}: {
  title: string;
  runs: readonly RunSummary[];
  children: ReactNode;
}) {
  if (runs.length === 0) return null;
  return (
    <section aria-label={title}>
      <h2 className={classes.group}>{title}</h2>
      <ul className={classes.items}>{children}</ul>
    </section>
  );
}

/** Moved by its arrows, or dragged to another's place. */
function Queue({
  queued,
  chosen,
  currency,
}: {
  queued: readonly RunSummary[];
  chosen: number | null;
  currency: string;
}) {
  const { mutate } = useStudioCommand('runs.move');
  const [dragged, setDragged] = useState<number | null>(null);
  const [over, setOver] = useState<number | null>(null);
  const move = (runId: number, position: number) => {
    mutate({ runId, position }, { onError: showFailure });
  };
  const drop = (position: number) => {
    if (dragged !== null) move(dragged, position);
    setDragged(null);
    setOver(null);
  };
  return (
    <Group title="Queued" runs={queued}>
      {queued.map((run, index) => (
        <Item
          key={run.id}
          run={run}
          here={run.id === chosen}
          currency={currency}
          dragging={{
            over: over === run.id && dragged !== run.id,
            onStart: () => {
              setDragged(run.id);
            },
            onOver: () => {
              setOver(run.id);
            },
            onDrop: () => {
              drop(index + 1);
            },
            onEnd: () => {
              setDragged(null);
              setOver(null);
            },
          }}
        >
          {queued.length > 1 && <Movers queued={queued} run={run} onMove={move} />}
        </Item>
      ))}
    </Group>
  );
}

function Movers({
  queued,
  run,
  onMove,
}: {
  queued: readonly RunSummary[];
  run: RunSummary;
  onMove: (runId: number, position: number) => void;
}) {
  const button = (by: -1 | 1, label: string, icon: ReactNode) => {
    const position = movedPosition(queued, run.id, by);
    return (
      <ActionIcon
        variant="subtle"
        color="gray"
        size={20}
        aria-label={label}
        disabled={position === null}
        onClick={() => {
          if (position !== null) onMove(run.id, position);
        }}
      >
        {icon}
      </ActionIcon>
    );
  };
  return (
    <span className={classes.movers}>
      {button(-1, `${run.name} earlier`, <IconChevronUp size={14} />)}
      {button(1, `${run.name} later`, <IconChevronDown size={14} />)}
    </span>
  );
}

interface Dragging {
  readonly over: boolean;
  readonly onStart: () => void;
  readonly onOver: () => void;
  readonly onDrop: () => void;
  readonly onEnd: () => void;
}

function Item({
  run,
  here,
  currency,
  dragging,
  children,
}: {
  run: RunSummary;
  here: boolean;
  currency: string;
  dragging?: Dragging;
  children?: ReactNode;
}) {
  return (
    <li
      className={classes.item}
      data-here={here || undefined}
      data-over={dragging?.over === true || undefined}
      {...(dragging && {
        draggable: true,
        onDragStart: dragging.onStart,
        onDragEnd: dragging.onEnd,
        onDragOver: (event) => {
          event.preventDefault();
          dragging.onOver();
        },
        onDrop: (event) => {
          event.preventDefault();
          dragging.onDrop();
        },
      })}
    >
      <Link
        href={`/runs/${run.id}`}
        className={classes.link}
        aria-current={here ? 'page' : undefined}
        draggable={false}
      >
        <span className={classes.picture}>
          {run.coverSampleId === null ? (
            <span className={classes.cover} />
          ) : (
            <img className={classes.cover} src={media.sample(run.coverSampleId)} alt="" draggable={false} />
          )}
          <span
            className={classes.dot}
            style={{ background: `var(--mantine-color-${statusColor(run.status)}-filled)` }}
          />
        </span>
        <span className={classes.text}>
          <Name name={run.name} />
          <span className={`${classes.status} figures`}>
            <span className={classes.method}>{shortMethods[run.method]}</span>
            <StatusLine run={run} currency={currency} />
          </span>
        </span>
      </Link>
      {children}
    </li>
  );
}

/** On one line: what tells runs apart stands at the end of their names, so that the beginning gives way first. */
function Name({ name }: { name: string }) {
  const [start, end] = splitName(name);
  return (
    <Text size="sm" fw={500} lh={1.4} title={name} component="span" className={classes.name}>
      {start !== '' && <span className={classes.start}>{start}</span>}
      <span className={classes.end}>{end}</span>
    </Text>
  );
}

const shortMethods: Readonly<Record<RunSummary['method'], string>> = {
  full: 'Full',
  lora: 'LoRA',
  embedding: 'Word',
  scratch: 'Scratch',
  vae: 'VAE',
};

function StatusLine({ run, currency }: { run: RunSummary; currency: string }) {
  const progress = useRunProgress(isUnderWay(run.status) ? run.id : null);
  const text = statusLine(run, progress, currency);
  return (
    <span className={classes.figures} title={text}>
      {text}
    </span>
  );
}

function statusLine(run: RunSummary, progress: RunProgress | null, currency: string): string {
  const { status, epoch, phase, secondsLeft } = runView(run, progress);
  if (status === 'training') {
    return `${epoch} of ${run.epochs}${secondsLeft === null ? '' : `, ${durationText(secondsLeft)} left`}`;
  }
  if (phase !== null) return capital(phase.name);
  if (status === 'finished') {
    return [
      lossLine(run) ?? statusText(status),
      durationText(run.seconds),
      ...(run.cost === null ? [] : [moneyText(run.cost, currency)]),
    ].join(' · ');
  }
  if (status === 'queued') return queuedText(run);
  return isUnderWay(status) ? statusText(status) : standstillText(status, epoch, run.epochs);
}

/** The held-out loss, or the training loss where nothing was held out; null where there is neither. */
function lossLine({ validationLoss, trainLoss }: RunSummary): string | null {
  if (validationLoss !== null) return `Held out ${lossText(validationLoss)}`;
  return trainLoss === null ? null : `Training ${lossText(trainLoss)}`;
}

export const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
