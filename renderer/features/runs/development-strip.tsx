import { Loader, Tooltip, VisuallyHidden } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { Link } from 'wouter';

import type { Sample } from '../../../electron/contract/gallery.ts';
import { lossText } from '../../../electron/contract/quantities.ts';
import type { RunDetail } from '../../../electron/contract/runs.ts';
import { media } from '../../studio/media.ts';
import type { Development, DevelopmentColumn, DevelopmentRow } from './development.ts';
import classes from './development-strip.module.css';
import { EpochMenu } from './epoch-menu.tsx';

/** Pixels. Few columns are not blown up over the whole width. */
const widest = 138;
const labelWidth = 148;

/** One of them for all columns, named at their left. */
const lossNames = { validationLoss: 'Held-out loss', trainLoss: 'Training loss' } as const;

/** The same prompts and seeds from the base to the last checkpoint; what is to come has its column already. */
export function DevelopmentStrip({ run, development }: { run: RunDetail; development: Development }) {
  const { epochs, rows } = development;
  const loss = epochs.some(({ validationLoss }) => validationLoss !== null) ? 'validationLoss' : 'trainLoss';
  // Many columns keep a size that tells something, and scroll.
  const columns = `${labelWidth}px repeat(${epochs.length}, minmax(84px, 1fr))`;
  return (
    <div className={classes.strip} tabIndex={0} role="region" aria-label="Development">
      <div
        className={classes.grid}
        role="table"
        aria-label="Pictures"
        style={{ gridTemplateColumns: columns, maxWidth: labelWidth + epochs.length * widest }}
      >
        <div className={classes.row} role="row">
          <div className={classes.corner} role="columnheader">
            <VisuallyHidden>Prompt</VisuallyHidden>
            {epochs.some((column) => column[loss] !== null) && (
              <span className={classes.foot}>{lossNames[loss]}</span>
            )}
          </div>
          {epochs.map((column) => (
            <Head key={column.epoch} run={run} column={column} loss={column[loss]} />
          ))}
        </div>
        {rows.map((row) => (
          <Row
            key={`${row.prompt}\n${row.negativePrompt}\n${row.seed}`}
            run={run}
            row={row}
            columns={epochs}
          />
        ))}
      </div>
    </div>
  );
}

function Head({
  run,
  column: { epoch, hasCheckpoint },
  loss,
}: {
  run: RunDetail;
  column: DevelopmentColumn;
  loss: number | null;
}) {
  return (
    <div className={`${classes.head} figures`} role="columnheader" data-waiting={!hasCheckpoint || undefined}>
      <span>
        {epoch === 0 ? 'Base' : `Epoch ${epoch}`}
        <span className={classes.foot} style={{ display: 'block' }}>
          {loss !== null ? lossText(loss) : epoch === 0 ? 'epoch 0' : ' '}
        </span>
      </span>
      {epoch > 0 && hasCheckpoint && <EpochMenu run={run} epoch={epoch} />}
    </div>
  );
}

function Row({
  run,
  row: { prompt, negativePrompt, seed, samples },
  columns,
}: {
  run: RunDetail;
  row: DevelopmentRow;
  columns: readonly DevelopmentColumn[];
}) {
  return (
    <div className={classes.row} role="row">
      <div className={classes.label} role="rowheader">
        <span
          className={classes.prompt}
          title={negativePrompt === '' ? prompt : `${prompt}\nwithout ${negativePrompt}`}
        >
          {prompt === '' ? <i>no words</i> : prompt}
        </span>
        <span className={`${classes.seed} figures`}>seed {seed}</span>
      </div>
      {samples.map((sample, index) => (
        <Cell
          key={columns[index]!.epoch}
          runId={run.id}
          sample={sample}
          name={`${prompt}, seed ${seed}, epoch ${columns[index]!.epoch}`}
        />
      ))}
    </div>
  );
}

function Cell({ runId, sample, name }: { runId: number; sample: Sample | null; name: string }) {
  if (sample === null || sample.status === 'cancelled') {
    return <div className={classes.cell} role="cell" data-empty aria-label={`${name}: not there yet`} />;
  }
  switch (sample.status) {
    case 'ready':
      return (
        <div role="cell">
          <Link
            href={`/compare?runs=${runId}&sample=${sample.id}`}
            className={classes.cell}
            aria-label={`${name}: compare`}
          >
            <img src={media.sample(sample.id)} alt={name} />
          </Link>
        </div>
      );
    case 'making':
      return (
        <div className={classes.cell} role="cell">
          <Loader size={18} role="img" aria-label={`${name}: being made`} />
        </div>
      );
    case 'failed':
      return (
        <Tooltip label={sample.failure?.message ?? 'It was not made.'} multiline maw={320}>
          <div className={classes.cell} role="cell" tabIndex={0} aria-label={`${name}: failed`}>
            <IconAlertTriangle size={20} />
          </div>
        </Tooltip>
      );
    case 'queued':
      return (
        <div className={classes.cell} role="cell" aria-label={`${name}: queued`}>
          <span className={classes.waiting} />
        </div>
      );
  }
}
